const methods: Record<string, string> = { jwt: 'Token (JWT)', mtls: 'Client certificate', 'api-key': 'API key', basic: 'User name and password', 'trusted-header': 'Header of a trusted proxy', bearer: 'Bearer token', none: 'None' }

/** The kind of evidence that a call brought. */
export const methodWord = (method: string | undefined): string => methods[method ?? ''] ?? (method || 'None')
