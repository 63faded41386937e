// Writes file.br and file.gz beside each file of a folder that they make
// smaller. Usage: node compress.mjs FOLDER
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const name = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !/\.(html|js|css|svg|json|webmanifest|txt|wasm)$/.test(name)) continue;
  const data = readFileSync(name);
  const coded = {
    br: brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }),
    gz: gzipSync(data, { level: 9 }),
  };
  for (const [ext, out] of Object.entries(coded)) {
    if (out.length < data.length * 0.95) writeFileSync(`${name}.${ext}`, out);
  }
}
