import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { initProtocol } from '@tidemark/protocol'

import type { Death } from './death.ts'
import { fill } from './lives.ts'
import type { Life } from './lives.ts'
import { Scene } from './scene.ts'
import type { SceneOptions, Tags } from './scene.ts'
import { readSteps } from './steps.ts'
import type { Step } from './steps.ts'

/** A folder with a server's data and its clients' files, nobody of whom is running. */
interface Beginning {
  readonly root: string
  readonly tags: Tags
}

/** Lives that can be lived again and again, each from its own beginning. */
export class Lifetimes implements Disposable {
  readonly #directory: string
  readonly #filled: Beginning
  #count = 0

  private constructor(directory: string, filled: Beginning) {
    this.#directory = directory
    this.#filled = filled
  }

  /** Makes what most lives begin with. */
  static async prepare(): Promise<Lifetimes> {
    await initProtocol()
    const directory = mkdtempSync(join(tmpdir(), 'tidemark-lives-'))
    const root = join(directory, 'filled')
    mkdirSync(root)
    const tags = await inScene(new Scene({ root, settings: {} }), async (scene) => {
      await scene.start()
      await fill(scene)
      await scene.stop()
    })
    return new Lifetimes(directory, { root, tags })
  }

  /** Does what has been before a life. */
  async begin(life: Life): Promise<Lifetime> {
    this.#count += 1
    const directory = join(this.#directory, String(this.#count))
    const root = join(directory, 'before')
    const tags = life.isFirst === true ? [] : this.#filled.tags
    mkdirSync(root, { recursive: true })
    const scene = new Scene({ root, settings: life.settings ?? {} }, tags)
    if (life.isFirst !== true) scene.copy(this.#filled.root, root)
    return new Lifetime(life, directory, {
      root,
      tags: await inScene(scene, async () => life.prepare?.(scene)),
    })
  }

  [Symbol.dispose](): void {
    removeFolder(this.#directory)
  }
}

/** One of them. */
class Lifetime {
  readonly #life: Life
  readonly #directory: string
  readonly #beginning: Beginning
  #count = 0

  constructor(life: Life, directory: string, beginning: Beginning) {
    this.#life = life
    this.#directory = directory
    this.#beginning = beginning
  }

  /** The steps of the server where nothing happens to it. */
  async steps(): Promise<Step[]> {
    const tracePath = join(this.#directory, 'steps')
    await this.#live({ tracePath }, async () => {})
    return readSteps(tracePath)
  }

  /**
   * Lives it with servers that die. In the end all sync.
   *
   * @returns how many died
   * @throws Violation
   */
  async survive(deaths: readonly Death[]): Promise<number> {
    let died = 0
    try {
      await this.#live({ deaths }, async (scene) => {
        ;({ died } = scene)
        await scene.settle()
      })
      return died
    } catch (cause) {
      throw new Error(JSON.stringify(deaths), { cause })
    }
  }

  async #live(
    options: Pick<SceneOptions, 'deaths' | 'tracePath'>,
    after: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    this.#count += 1
    const { root: before, tags } = this.#beginning
    const root = join(this.#directory, String(this.#count))
    const scene = new Scene({ root, settings: this.#life.settings ?? {}, ...options }, tags)
    scene.copy(before, root)
    await inScene(scene, async () => {
      await scene.start()
      await this.#life.run(scene)
      await scene.stop()
      await after(scene)
    })
    removeFolder(root)
  }
}

/** A worker that has outlived its main process may still be closing its files there. */
function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10 })
}

/** @returns what has been written */
async function inScene(scene: Scene, act: (scene: Scene) => Promise<void>): Promise<Tags> {
  try {
    await act(scene)
    return scene.tags
  } finally {
    await scene.close()
  }
}
