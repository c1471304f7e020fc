import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { PAGE_SIZE } from '@tidemark/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { PullStage } from './changes-file.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-changes-'))
  path = join(directory, 'a.db-changes')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Pages from 2 on, backwards: they come in any order. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => count + 1 - index)
}

function imageOf(pageNumber: number): Buffer {
  return Buffer.alloc(PAGE_SIZE, pageNumber)
}

function stageOf(count: number): PullStage {
  const stage = new PullStage(path)
  const memory = Buffer.alloc(PAGE_SIZE)
  for (const page of numbers(count)) {
    memory.set(imageOf(page))
    stage.writePage(page, memory)
  }
  return stage
}

it.each([0, 1, 8, 9, 63, 64, 65, 128, 129, 200])(
  'gives %i pages back as they came, more than 64 of them from a file',
  (count) => {
    const stage = stageOf(count)
    expect(stage.open()).toBeNull()
    stage.finish({ revision: 'r', sizeInPages: count + 1 })
    expect(existsSync(path)).toBe(count > 64)
    for (let attempt = 0; attempt < 2; attempt++) {
      const pages = stage.open()!
      expect(pages.staged).toEqual({ revision: 'r', sizeInPages: count + 1, pageCount: count, pageOne: null })
      expect(pages.pageNumbers.size).toBe(count)
      const came: number[] = []
      for (const { pageNumber, image } of pages.pages()) {
        came.push(pageNumber)
        expect(imageOf(pageNumber).equals(image)).toBe(true)
      }
      expect(came).toEqual(numbers(count))
      for (const page of numbers(count)) expect(imageOf(page).equals(pages.read(page)!)).toBe(true)
      expect(pages.read(count + 2)).toBeNull()
      pages.close()
    }
  },
)

it.each([3, 65])(
  'leaves nothing of %i pages that are given up, before or after they are complete',
  (count) => {
    const cut = stageOf(count)
    cut.abort()
    const finished = stageOf(count)
    finished.finish({ revision: 'r', sizeInPages: count + 1 })
    finished.abort()
    expect([cut.open(), finished.open()]).toEqual([null, null])
    expect(existsSync(path)).toBe(false)
  },
)
