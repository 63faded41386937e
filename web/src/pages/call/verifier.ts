// The verifier of evidence, compiled to WebAssembly: the code of gatebook-verify.
// It is loaded when it is first asked for, and asks the network for nothing.

export interface Finding {
  holds: boolean
  text: string
}

/** What a proof shows. */
export interface ProofView {
  ok: boolean
  findings: Finding[]
  number: number
  size: number
  origin: string
  root: string
  header: string
  error?: string
}

/** What an evidence pack shows; its events are left out here. */
export interface PackView {
  ok: boolean
  error?: string
  report?: { findings: Finding[]; unchecked: string[] | null; limits: string[] | null; size: number; root: string; key: string; key_given: boolean; events: number }
}

interface Exports {
  Go: new () => { importObject: WebAssembly.Imports; run: (instance: WebAssembly.Instance) => Promise<void> }
  gatebookReady: () => void
  gatebookProof: (text: string, key: string) => string
  gatebookLook: (pack: Uint8Array, key: string) => string
}

let loading: Promise<Exports> | undefined

function load(): Promise<Exports> {
  loading ??= start().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function start(): Promise<Exports> {
  const exports = globalThis as unknown as Exports
  const script = '/verifier/wasm_exec.js'
  const [program] = await Promise.all([
    fetch('/verifier/verifier.wasm', { credentials: 'same-origin' }).then((response) => {
      if (!response.ok || !(response.headers.get('Content-Type') ?? '').startsWith('application/wasm')) throw new Error('this build of Gatebook has no verifier for browsers: run scripts/wasm.sh and build again, or check with gatebook-verify')
      return response.arrayBuffer()
    }),
    import(/* @vite-ignore */ script),
  ])
  const go = new exports.Go()
  const ready = new Promise<void>((resolve) => (exports.gatebookReady = resolve))
  const { instance } = await WebAssembly.instantiate(program, go.importObject)
  void go.run(instance)
  await ready
  return exports
}

/** Checks a proof in the form of C2SP tlog-proof under a key. */
export async function checkProof(text: string, key: string): Promise<ProofView> {
  return JSON.parse((await load()).gatebookProof(text, key)) as ProofView
}

/** Checks an evidence pack under a key; '' is the key that it names itself. */
export async function checkPack(pack: Uint8Array, key: string): Promise<PackView> {
  return JSON.parse((await load()).gatebookLook(pack, key)) as PackView
}
