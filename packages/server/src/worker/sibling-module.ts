/** URL of the module `name` beside `importerUrl`, whether it runs from TypeScript or from what was built of it. */
export function siblingModule(name: string, importerUrl: string): URL {
  return new URL(`./${name}${importerUrl.endsWith('.ts') ? '.ts' : '.js'}`, importerUrl)
}
