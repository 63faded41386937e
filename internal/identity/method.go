package identity

// The methods of a credential, as in [event.Credential].
const (
	MethodMTLS   = "mtls"           // a client certificate
	MethodJWT    = "jwt"            // a JSON Web Token
	MethodAPIKey = "api-key"        // an API key, Gatebook's or the API's own
	MethodBasic  = "basic"          // user name and password
	MethodHeader = "trusted-header" // a header in which a proxy states the identity
	MethodBearer = "bearer"         // a bearer token that only its issuer can read
	MethodOther  = "other"          // an Authorization header that cannot be read
	MethodNone   = "none"           // no credential
)

// KeyPrefix begins every API key of Gatebook's own: it is never taken for the
// token of an issuer.
const KeyPrefix = "gbk_"
