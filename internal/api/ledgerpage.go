package api

import (
	"bytes"
	"html/template"
	"strings"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// ledgerTemplate is the page that publishes the newest checkpoint. It has no
// script and no style, and asks nothing of any server.
var ledgerTemplate = template.Must(template.New("ledger").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Origin}}: {{.Size}} records</title>
</head>
<body>
<h1>{{.Origin}}</h1>
<p>This is a record of API access. Its newest published state is this checkpoint: {{.Size}} records, and one hash over all of them.
{{- if .Cosigned}} Witnesses have cosigned it; the last says it saw it at {{.Time}}.{{else}} No witness has cosigned it.{{end}}</p>
<pre>{{.Signed}}</pre>
<p><a href="checkpoint" download="checkpoint">The checkpoint as a file</a>. Keep it somewhere that the operator of this record cannot reach. Later it shows whether one of these {{.Size}} records was changed or removed: each later state must continue it.</p>
<h2>Compare</h2>
<p>Someone else was shown another checkpoint of this record? Two for the same number of records must have the same hash in their third line. For all others:</p>
<pre>gatebook checkpoint compare --server URL-OF-THIS-PAGE --key KEY FILE...
gatebook-verify --key KEY --since FILE DIRECTORY</pre>
<p>The public key, as this server tells it. It proves nothing until you compare it with one that you got another way:</p>
<pre>{{.Key}}</pre>
{{if .Others}}<h2>Signatures</h2>
<p>Who has signed, by their own names. Whether a signature fits, only their public keys can tell.</p>
<ul>
{{range .Others}}<li>{{.}}</li>
{{end}}</ul>
{{end}}</body>
</html>
`))

// ledgerPage publishes the newest checkpoint for people.
func ledgerPage(c *call) error {
	if err := c.mayTile(); err != nil {
		return err
	}
	cp, signed, err := c.cfg.Room.Shown()
	if err != nil {
		return err
	}
	at := ledger.ClaimedTime(signed)
	var b bytes.Buffer
	err = ledgerTemplate.Execute(&b, map[string]any{
		"Origin": cp.Origin, "Size": cp.Size, "Signed": string(signed), "Key": c.cfg.Room.Key(),
		"Cosigned": !at.IsZero(), "Time": at.Format(time.RFC3339), "Others": signers(signed),
	})
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, err = c.w.Write(b.Bytes())
	return err
}

// signers returns the names in the signature lines of a note.
func signers(signed []byte) []string {
	_, sigs, _ := strings.Cut(string(signed), "\n\n")
	var names []string
	for line := range strings.Lines(sigs) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "— "), " "); ok {
			names = append(names, name)
		}
	}
	return names
}
