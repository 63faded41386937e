package console

import "net/http"

// Reports is where browsers report what the policy kept from happening.
const Reports = "/api/v1/csp-reports"

// Policy is the content security policy of all pages. 'wasm-unsafe-eval' lets
// the verifier of the evidence run, and no text as a script. Strings become
// scripts nowhere: Trusted Types are asked for, and one policy may make them,
// for the address of a worker.
const Policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types gatebook; report-uri " + Reports + "; report-to csp"

// secure sets the headers that keep a page to itself.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("Reporting-Endpoints", `csp="`+Reports+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")        // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "same-origin") // none of it leaves, and requests keep their origin
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), display-capture=(), browsing-topics=(), clipboard-read=()")
}
