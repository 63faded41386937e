/** What can be done: its name, what it says on a button, and what it means. */
export const kinds = [
  { id: 'block', title: 'Block', button: 'Block', does: 'block', says: 'Its calls are refused with 403, and what is under way is cut.' },
  { id: 'throttle', title: 'Throttle', button: 'Throttle', does: 'throttle', says: 'One too many calls are refused with 429.' },
  { id: 'reauthenticate', title: 'Authenticate anew', button: 'Ask for it', does: 'authenticate anew', says: 'Its calls are refused with 401 until it shows a credential that is newer.' },
] as const
