import { readFileSync } from 'node:fs'
import { StateError } from '@tidemark/protocol'
import { z } from 'zod'
import { serverConfigSchema, settingSchemas } from './config-schema.ts'
import type { ServerConfig } from './server-config.ts'

export interface ConfigSources {
  /** By setting name; absent and undefined ones are not set. */
  readonly flags?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file with settings. */
  readonly file?: string | undefined
}

const PREFIX = 'TIDEMARK_'

/**
 * The configuration from flags, environment and file, in this order of precedence, checked.
 *
 * @throws StateError `TIDEMARK_CONFIG` that names every setting that is wrong, and the file or variable that it
 * comes from
 */
export function loadConfig(sources: ConfigSources): ServerConfig {
  const file = fromFile(sources.file)
  const environment = fromEnvironment(sources.env ?? {})
  const flags = fromFlags(sources.flags ?? {})
  return parse({ ...file, ...environment, ...flags }, (setting) => {
    if (setting in flags) return null
    if (setting in environment) return variableOf(setting)
    return setting in file ? (sources.file ?? null) : null
  })
}

/** Checks a configuration and completes it with defaults. @throws StateError `TIDEMARK_CONFIG` */
export function parseConfig(input: Partial<ServerConfig> | Readonly<Record<string, unknown>>): ServerConfig {
  return parse(input, () => null)
}

/** `sourceOf`: what to name beside what is wrong with a setting; null: nothing. */
function parse(
  input: Readonly<Record<string, unknown>>,
  sourceOf: (setting: string) => string | null,
): ServerConfig {
  const result = serverConfigSchema.safeParse(input)
  if (result.success) return result.data
  const found = result.error.issues.map((issue) => {
    const settings = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0])]
    const source = settings.map(sourceOf).find((name) => name !== null)
    const text = z.prettifyError({ issues: [issue] })
    return source === undefined ? text : `${source}: ${text}`
  })
  throw configError(found.join('\n'), result.error)
}

function fromFile(path: string | undefined): Record<string, unknown> {
  if (path === undefined) return {}
  try {
    return z
      .record(z.string(), z.unknown(), 'expected a JSON object, {"port": 8080, …}')
      .parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
    throw configError(`${path}: ${why}`, error)
  }
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [setting, schema] of Object.entries(settingSchemas)) {
    const text = env[variableOf(setting)]
    if (text !== undefined && text !== '') found[setting] = fromText(schema, text)
  }
  return found
}

function variableOf(setting: string): string {
  return PREFIX + setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

function fromFlags(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [setting, value] of Object.entries(flags)) {
    const schema = settingSchemas[setting]
    if (value === undefined) continue
    found[setting] = typeof value === 'string' && schema !== undefined ? fromText(schema, value) : value
  }
  return found
}

/** Text as it is where the setting takes text, else what it means as JSON: numbers, booleans, lists. */
function fromText(schema: z.ZodType, text: string): unknown {
  if (schema.safeParse(text).success) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function configError(message: string, cause: unknown): StateError {
  return new StateError('TIDEMARK_CONFIG', `Configuration: ${message}`, { recovery: 'operator', cause })
}
