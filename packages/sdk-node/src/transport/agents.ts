import http from 'node:http'
import https from 'node:https'

/** Idle connections are kept for so long, or less where the server says so. Proxies mostly keep them for a minute. */
const IDLE_MS = 30_000

interface Agents {
  readonly http: http.Agent
  readonly https: https.Agent
}

let agents: Agents | null = null

/**
 * The connections of this process to its sync servers, kept for the next request. They do not keep the process alive.
 */
export function keepAliveAgents(): Agents {
  agents ??= newAgents()
  return agents
}

/**
 * They go through the environment's proxies where Node's own agents do: with `NODE_USE_ENV_PROXY`, or
 * `http.setGlobalProxyFromEnv()` before the first request.
 */
function newAgents(): Agents {
  const { proxyEnv } = https.globalAgent.options
  const options = { keepAlive: true, timeout: IDLE_MS, proxyEnv }
  return { http: new http.Agent(options), https: new https.Agent(options) }
}
