export const roles = [
  { id: 'viewer', says: 'searches and sees calls, without bodies' },
  { id: 'investigator', says: 'also bodies, export, evidence; works on alerts' },
  { id: 'auditor', says: 'looks of others, decisions, proofs, reports; no bodies' },
  { id: 'administrator', says: 'everything' },
]

/** What a token can have besides. */
const programs = [
  { id: 'edge', says: 'no reader: a Go program with the middleware, which gives its calls' },
  { id: 'sender', says: 'no reader: a program that sends what it logs' },
]

export function RoleField({ value = 'viewer', token = false }: { value?: string; token?: boolean }) {
  return (
    <fieldset className="stack tight">
      <legend className="label">Role</legend>
      {(token ? [...roles, ...programs] : roles).map((role) => (
        <label key={role.id} className="check">
          <input type="radio" name="role" value={role.id} defaultChecked={role.id === value} /> {role.id} <span className="muted small">{role.says}</span>
        </label>
      ))}
    </fieldset>
  )
}
