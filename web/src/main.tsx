import { notifyManager, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { worthRetry } from './api/queries'
import { find } from './app/pages'
import { sessionQuery } from './app/session'
import { Shell } from './app/shell'
import './ui/tokens.css'
import './ui/base.css'
import './ui/ui.css'

const client = new QueryClient({
  defaultOptions: {
    queries: { retry: worthRetry, refetchOnWindowFocus: false, staleTime: 5_000, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
})

// What was answered is drawn in the task that took the answer, not in a later one.
notifyManager.setScheduler(queueMicrotask)

/** How long the first drawing waits, in ms, for who is signed in and for the page: what is drawn without them is drawn twice. */
const patience = 300

async function begin(root: HTMLElement): Promise<void> {
  const wanted = [client.prefetchQuery(sessionQuery), find(location.pathname)?.page.load()]
  await Promise.race([Promise.allSettled(wanted), new Promise((done) => setTimeout(done, patience))])
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Shell />
      </QueryClientProvider>
    </StrictMode>,
  )
}

const root = document.getElementById('root')
if (root) void begin(root)
