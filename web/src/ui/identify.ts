// What would make a caller known: lines of configuration, or what the caller has
// to do, by the reason that the record gives.

import type { Entry } from '../api/model'

export interface Advice {
  /** What is the matter, in a sentence. */
  why: string
  /** What to do, in a sentence. */
  what: string
  /** To be copied: lines of gatebook.yaml, or a command. */
  lines?: string
  /** What lines are. */
  label?: string
}

/** A string as YAML has it, whatever is in it. */
export function yaml(text: string): string {
  return /^[A-Za-z0-9_./:@-]+$/.test(text) && !/^[-:@]/.test(text) && !/: |:$/.test(text) ? text : JSON.stringify(text)
}

/** What would make the caller of a call known; undefined if it is. */
export function advice(record: Entry): Advice | undefined {
  const { principal, credential } = record.header
  if (record.header.kind !== 'access' || (principal?.level ?? 0) >= 2) return undefined
  const reason = principal?.reason ?? ''
  const issuer = principal?.issuer ?? ''
  const method = credential?.method ?? 'none'
  const captured = record.header.capture?.method
  if (captured === 'import') return { why: 'The log does not say who called, or nobody verified it.', what: 'Put Gatebook before the API, or into it, to know callers by what they prove.', lines: 'gatebook serve --upstream http://127.0.0.1:3000', label: 'command that starts the gateway' }
  if (captured === 'middleware' && (reason === 'no-credential' || reason === '')) {
    return { why: 'The call brought no credential.', what: 'Programs with the middleware know callers by the tokens of the issuers that the server’s configuration names, and by client certificates. Restart the program after you changed it.', lines: oidc('https://issuer.example.com'), label: 'lines for gatebook.yaml' }
  }
  switch (reason) {
    case 'no-credential':
    case '':
      return { why: 'The call brought no credential.', what: 'Give the caller an API key, and have it send it as “Authorization: Bearer” or “X-API-Key”.', lines: 'gatebook keys add NAME --kind service', label: 'command that makes an API key' }
    case 'wrong-issuer':
      return { why: issuer ? `The token names an issuer that is not configured: ${issuer}.` : 'The token names an issuer that is not configured.', what: 'If you trust this issuer, add it, with the audience that its tokens have for this API.', lines: oidc(issuer || 'https://issuer.example.com'), label: 'lines for gatebook.yaml' }
    case 'not-checked':
      return notChecked(method, issuer)
    case 'wrong-audience':
      return { why: 'The token is authentic, but was issued for another API.', what: 'If its audience is meant for this API, too, add it to the audiences of the issuer; else the caller needs a token for this API.', lines: oidc(issuer || 'https://issuer.example.com', ['the-audience-that-is-there', 'the-audience-of-the-token']), label: 'lines for gatebook.yaml' }
    case 'untrusted-peer':
      return {
        why: 'An identity header came from a peer that is not on the list.',
        what: 'If that peer is your proxy, and it removes these headers from what it receives, trust it.',
        lines: `identity:\n  trusted_headers:\n    peers: [${yaml(hostOf(record.who?.peer ?? '') || '10.0.0.0/8')}]\n`,
        label: 'lines for gatebook.yaml',
      }
    case 'certificate-untrusted':
      return {
        why: 'The client’s certificate is of no authority that is configured.',
        what: 'Name the file of the authority at the listener.',
        lines: `gateway:\n  listeners:\n    - name: ${yaml(record.header.capture?.source || 'public')}\n      tls:\n        client_auth: request\n        client_ca: /etc/gatebook/clients.pem\nidentity:\n  mtls:\n    enabled: true\n`,
        label: 'lines for gatebook.yaml',
      }
    case 'key-unknown':
      return { why: 'The API key is none of Gatebook’s own. Its calls can be found by its fingerprint.', what: 'Give the caller a key of Gatebook’s.', lines: 'gatebook keys add NAME --kind service', label: 'command that makes an API key' }
    case 'opaque-token':
      return {
        why: 'The token can be read by its issuer only. Its calls can be found by its fingerprint.',
        what: 'Add the issuer, with a client that may ask it about tokens; or have it give out JWT access tokens (RFC 9068).',
        lines: `${oidc(issuer || 'https://issuer.example.com')}      introspection:\n        client_id: gatebook\n        client_secret_file: /etc/gatebook/introspection.secret\n`,
        label: 'lines for gatebook.yaml',
      }
    default:
      return { why: reasons[reason] ?? 'The credential was not verified.', what: callerSide.has(reason) ? 'This is for the caller to put right: no configuration makes it known.' : 'Look at the issuer, and at its configuration here.' }
  }
}

function notChecked(method: string, issuer: string): Advice {
  const why = 'Nothing is configured that could check the credential.'
  switch (method) {
    case 'jwt':
      return { why, what: 'Add the issuer of the token, with the audience that its tokens have for this API.', lines: oidc(issuer || 'https://issuer.example.com'), label: 'lines for gatebook.yaml' }
    case 'api-key':
      return { why, what: 'Switch API keys on, and give the caller one.', lines: 'identity:\n  api_keys:\n    enabled: true\n', label: 'lines for gatebook.yaml' }
    case 'basic':
      return { why, what: 'Name an htpasswd file with bcrypt hashes.', lines: 'identity:\n  basic:\n    users_file: /etc/gatebook/users\n', label: 'lines for gatebook.yaml' }
    case 'mtls':
      return { why, what: 'Take verified client certificates for identities.', lines: 'identity:\n  mtls:\n    enabled: true\n', label: 'lines for gatebook.yaml' }
  }
  return { why, what: 'Add the issuer of the token, or give the caller an API key.', lines: oidc(issuer || 'https://issuer.example.com'), label: 'lines for gatebook.yaml' }
}

function oidc(issuer: string, audiences: string[] = ['the-audience-of-the-token']): string {
  let name = 'issuer'
  try {
    name = new URL(issuer).hostname.replace(/[^A-Za-z0-9-]/g, '-') || name
  } catch {
    // What a token claims may be no address at all.
  }
  return `identity:\n  oidc:\n    - name: ${yaml(name)}\n      issuer: ${yaml(issuer)}\n      audiences: [${audiences.map(yaml).join(', ')}]\n`
}

function hostOf(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

const reasons: Record<string, string> = {
  'token-expired': 'The token is authentic, but has expired.',
  'token-not-yet-valid': 'The token is authentic, but is not valid yet.',
  'wrong-type': 'The token’s type is not that of an access token.',
  'algorithm-not-allowed': 'The token’s algorithm is not on the issuer’s list.',
  'unknown-key': 'The issuer has no key of the token’s key id.',
  'bad-signature': 'The token’s signature does not fit the issuer’s key.',
  'malformed-token': 'The token cannot be read.',
  'issuer-unavailable': 'The issuer had to be asked, and did not answer in time.',
  'proof-missing': 'The token is bound to its sender, and the call did not bring the proof. It may be stolen.',
  'proof-invalid': 'The token is bound to its sender, and the proof is of another key, call, token or time.',
  'proof-replayed': 'The token’s proof has been used before.',
  'key-revoked': 'The API key was revoked.',
  'key-expired': 'The API key has expired.',
  'password-wrong': 'User name and password do not match the password file.',
  'too-many-attempts': 'The password was not checked: there were too many wrong ones.',
  'token-inactive': 'The issuer, asked about the token, said that it is not active: unknown to it, expired or revoked.',
  'check-overloaded': 'The password or token was not checked: too many others were being checked.',
  'ambiguous-credential': 'Two values came where one belongs, so neither is believed.',
  'certificate-expired': 'The client’s certificate has ended.',
  'credential-revoked': 'The credential was revoked in Gatebook.',
  'malformed-credential': 'The credential cannot be read.',
  'scheme-unknown': 'The Authorization header has a scheme that Gatebook does not know.',
}

const callerSide = new Set(Object.keys(reasons).filter((reason) => !['issuer-unavailable', 'wrong-type', 'algorithm-not-allowed', 'unknown-key'].includes(reason)))
