import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { worthRetry } from './api/queries'
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

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Shell />
      </QueryClientProvider>
    </StrictMode>,
  )
}
