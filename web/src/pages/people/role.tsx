export const roles = [
  { id: 'viewer', says: 'searches and sees calls, without bodies' },
  { id: 'investigator', says: 'also bodies, export, evidence; works on alerts' },
  { id: 'auditor', says: 'looks of others, decisions, proofs, reports; no bodies' },
  { id: 'administrator', says: 'everything' },
] as const

export function RoleField({ value = 'viewer' }: { value?: string }) {
  return (
    <fieldset className="stack tight">
      <legend className="label">Role</legend>
      {roles.map((role) => (
        <label key={role.id} className="check">
          <input type="radio" name="role" value={role.id} defaultChecked={role.id === value} /> {role.id} <span className="muted small">{role.says}</span>
        </label>
      ))}
    </fieldset>
  )
}
