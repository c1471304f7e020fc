import { expect, test } from 'vitest'
import { errorResponse } from './error-response.ts'

test.each([
  ['EMFILE', 'TIDEMARK_TOO_MANY_FILES'],
  ['ENOSPC', 'TIDEMARK_DISK_FULL'],
  ['EIO', 'TIDEMARK_DISK_FAILED'],
])('what passes by itself is not a fault of the server: %s', (code, told) => {
  const { status, headers, body } = errorResponse(Object.assign(new Error(code), { code }))
  expect({ status, headers, code: body.code }).toEqual({
    status: 503,
    headers: { 'retry-after': '10' },
    code: told,
  })
})

test('what nobody thought of is, and is told to the log only', () => {
  const { status, body } = errorResponse(new TypeError('x is not a function'))
  expect(status).toBe(500)
  expect(body.message).not.toContain('function')
})
