import { PAGE_SIZE, PullDecoder, PullEncoder } from '@tidemark/protocol'
import type { Random } from '../simulator/random.ts'
import { mutateBytes, randomBytes, varint } from './mutate-bytes.ts'
import { pullStream, PUSH_RESPONSES, SERVER_INFO } from './valid-messages.ts'

/** What an honest server answered. */
export interface HonestAnswer {
  readonly path: string
  readonly status: number
  readonly body: Buffer
}

const OTHERS: readonly Uint8Array[] = [pullStream('tidemark'), pullStream('turso'), ...PUSH_RESPONSES]
const STATUSES = [201, 204, 206, 301, 302, 400, 401, 403, 404, 405, 409, 410, 413, 418, 429, 500, 503]
const ENDLESS_CHUNK = 64 * 1024

type Lie = (answer: HonestAnswer, earlier: readonly HonestAnswer[], random: Random) => Response

const LIES: Readonly<Record<string, Lie>> = {
  damaged: ({ body }, _, random) => ok(mutateBytes(body, [...OTHERS, body], random)),
  cut: ({ body }, _, random) => ok(body.subarray(0, random.below(body.length + 1))),
  failing: ({ body }, _, random) => failing(body.subarray(0, random.below(body.length + 1))),
  status: ({ body }, _, random) => {
    const status = random.pick(STATUSES)
    const headers = {
      'retry-after': random.pick(['0', '-1', 'soon', '1e9']),
      location: 'http://127.0.0.1:1/',
    }
    return new Response(status === 204 ? null : new Uint8Array(body), { status, headers })
  },
  webPage: () => new Response('<html>Log in</html>', { headers: { 'content-type': 'text/html' } }),
  garbage: (_, __, random) => ok(randomBytes(random, random.below(2000))),
  nothing: () => ok(Buffer.alloc(0)),
  ofAnother: (_, __, random) => ok(random.pick([...OTHERS, Buffer.from(JSON.stringify(SERVER_INFO))])),
  earlier: (answer, earlier, random) =>
    ok(random.pick([answer, ...earlier.filter(({ path }) => path === answer.path)]).body),
  endless: ({ body }, _, random) => endless(body, random.pick([0x00, 0x08, 0x20, 0x5b, 0x80, 0xff])),
  announced: ({ body }, _, random) => ok(Buffer.concat([varint(random.pick([1e6, 2 ** 31, 2 ** 34])), body])),
  sealed: sealedLie,
}
const NAMES = Object.keys(LIES)

/** What a hostile server says instead. */
export function lie(
  answer: HonestAnswer,
  earlier: readonly HonestAnswer[],
  random: Random,
): { readonly name: string; readonly response: Response } {
  const name = answer.path === '/pull-updates' && random.chance(40) ? 'sealed' : random.pick(NAMES)
  return { name, response: LIES[name]!(answer, earlier, random) }
}

/**
 * A pull whose checksums are right, and whose content is not: a first page, counts, sizes and revisions that
 * no honest server would send.
 */
function sealedLie({ body }: HonestAnswer, _: readonly HonestAnswer[], random: Random): Response {
  const decoder = new PullDecoder({ oldImage: () => null })
  const pages: { pageNumber: number; image: Uint8Array; oldImage: null }[] = []
  let revision = 'made.up'
  let sizeInPages = 3
  try {
    for (const event of decoder.push(body)) {
      if (event.type === 'header') ({ revision, sizeInPages } = event.header)
      else pages.push({ pageNumber: event.pageNumber, image: Buffer.from(event.image), oldImage: null })
    }
  } catch {
    // Deltas cannot be read here: what was read until then will do.
  }
  for (const page of pages)
    if (page.pageNumber === 1 && random.chance(40)) page.image = randomBytes(random, PAGE_SIZE)
  const kept = pages.filter(() => random.chance(90))
  const size = random.pick([
    sizeInPages,
    sizeInPages,
    sizeInPages + 1,
    Math.max(sizeInPages - 1, 0),
    1,
    0xffff_fffe,
  ])
  if (random.chance(20))
    kept.push({ pageNumber: Math.max(size, 1), image: randomBytes(random, PAGE_SIZE), oldImage: null })
  const encoder = new PullEncoder('tidemark')
  const header = encoder.header({ revision: random.chance(70) ? revision : 'a.1', sizeInPages: size })
  const groups = kept.map((page) => encoder.pages([page]))
  return ok(Buffer.concat([header, ...groups, encoder.end()]))
}

function ok(body: Uint8Array): Response {
  return new Response(new Uint8Array(body))
}

function failing(begin: Uint8Array): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(begin)),
      pull: (controller) => controller.error(new TypeError('terminated')),
    }),
  )
}

function endless(begin: Uint8Array, byte: number): Response {
  const chunk = new Uint8Array(ENDLESS_CHUNK).fill(byte)
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(begin)),
      pull: (controller) => controller.enqueue(chunk),
    }),
  )
}
