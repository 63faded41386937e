import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import type { ProxyOptions } from 'vite'
import { defineConfig } from 'vitest/config'

const out = resolve(import.meta.dirname, '../internal/console/dist/app')

// In development the pages come from here and all else from a running Gatebook,
// with the token of its data directory. See README.md.
const target = process.env.GATEBOOK_URL ?? 'http://127.0.0.1:8401'
const tokenFile = process.env.GATEBOOK_TOKEN_FILE ?? resolve(import.meta.dirname, '../gatebook-data/keys/ops.token')
const token = existsSync(tokenFile) ? readFileSync(tokenFile, 'utf8').trim() : ''

const proxy: ProxyOptions = {
  target,
  changeOrigin: true,
  configure: (server) => {
    server.on('proxyReq', (request) => {
      request.removeHeader('origin')
      request.removeHeader('sec-fetch-site')
      if (token && !request.hasHeader('cookie')) request.setHeader('authorization', `Bearer ${token}`)
    })
  },
}

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0, // the content security policy has no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { host: '127.0.0.1', proxy: { '/api': proxy, '/healthz': proxy, '/readyz': proxy, '/livez': proxy, '/verifier': proxy } },
  test: { include: ['src/**/*.test.ts'] },
})
