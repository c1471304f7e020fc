import { Command, Option } from 'commander'
import { printing, type Result } from '../result.ts'
import { parseServerUrl } from '../server-url.ts'

/** `tidemark health`: is a server up? */
export function healthCommand(): Command {
  const command = new Command('health')
    .description('Ask a server whether it is up.')
    .addOption(
      new Option('--url <url>', "the server's address")
        .env('TIDEMARK_URL')
        .argParser(parseServerUrl)
        .makeOptionMandatory(),
    )
  return printing(command, askHealth)
}

async function askHealth({ url }: { url: string }): Promise<Result> {
  const { AdminApi } = await import('../admin-api.ts')
  const begin = performance.now()
  const health = await new AdminApi(url, undefined).health()
  const milliseconds = Math.round(performance.now() - begin)
  return {
    json: { ...(health as object), milliseconds },
    text: `${url} is up, answered in ${milliseconds} ms.`,
  }
}
