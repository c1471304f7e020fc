const tasks = new Set<() => void>()

/**
 * Calls `task` when this thread ends by itself, or by `process.exit`; what it throws is dropped. @returns
 * what calls that off
 */
export function atExit(task: () => void): () => void {
  if (tasks.size === 0) process.on('exit', runTasks)
  tasks.add(task)
  return () => {
    tasks.delete(task)
    if (tasks.size === 0) process.off('exit', runTasks)
  }
}

function runTasks(): void {
  for (const task of tasks) {
    try {
      task()
    } catch {
      // Nobody is left to be told.
    }
  }
}
