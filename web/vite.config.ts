import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import type { ProxyOptions } from 'vite'
import type { Plugin } from 'vite'
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

/**
 * Writes preload.json: for the path of each page, the files that it needs
 * beside those of all pages. The server names them in the answer to that path,
 * so that they are asked for before a script runs.
 */
function preloads(): Plugin {
  return {
    name: 'preloads',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === 'chunk')
      const closure = (name: string, files = new Set<string>()): Set<string> => {
        const chunk = chunks.find((each) => each.fileName === name)
        if (!chunk || files.has(name)) return files
        files.add(name)
        for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css)
        for (const imported of chunk.imports) closure(imported, files)
        return files
      }
      // Chromium compiles all of such a file while it comes, beside the page's thread, and not bit by bit in it.
      for (const chunk of chunks) if (/^assets\/(index|shared)-/.test(chunk.fileName)) chunk.code = `//# allFunctionsCalledOnLoad\n${chunk.code}`
      const all = closure(chunks.find((chunk) => chunk.isEntry)?.fileName ?? '')
      const pages: Record<string, string[]> = {}
      for (const chunk of chunks) {
        const about = resolve(dirname(chunk.facadeModuleId ?? ''), 'page.ts')
        if (!chunk.isDynamicEntry || !existsSync(about)) continue
        const source = readFileSync(about, 'utf8')
        const path = /path: '([^']+)'/.exec(source)?.[1]
        const file = /import\('\.\/([\w-]+)'\)/.exec(source)?.[1]
        if (path && chunk.facadeModuleId?.endsWith(`/${file}.tsx`)) pages[path] = [...closure(chunk.fileName)].filter((name) => !all.has(name)).map((name) => `/${name}`)
      }
      this.emitFile({ type: 'asset', fileName: 'preload.json', source: JSON.stringify(pages) })
    },
  }
}

export default defineConfig({
  plugins: [react(), preloads()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0, // the content security policy has no data: addresses
    modulePreload: { polyfill: false },
    // Few files: each one that is asked for costs a slow computer more than what
    // it would leave out. A page is one, what all share is another, and so is
    // what draws charts.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', test: /web\/src\/(ui|app|api)\/(?!bars|palette)/ }] } } },
    reportCompressedSize: true,
  },
  server: { host: '127.0.0.1', proxy: { '/api': proxy, '/healthz': proxy, '/readyz': proxy, '/livez': proxy, '/verifier': proxy } },
  test: { include: ['src/**/*.test.ts'] },
})
