import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import type { Plugin, ProxyOptions } from 'vite'
import { defineConfig } from 'vitest/config'

const out = resolve(import.meta.dirname, '../internal/console/dist/app')

// The binary serves files as they are, so that each is there compressed, too.
const compress: Plugin = {
  name: 'compress',
  apply: 'build',
  closeBundle: () => {
    for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(js|css|html|svg)$/.test(name)) continue
      const file = resolve(out, name)
      const bytes = readFileSync(file)
      if (bytes.length < 512) continue
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
      writeFileSync(`${file}.br`, brotliCompressSync(bytes))
    }
  },
}

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
  plugins: [react(), compress],
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
