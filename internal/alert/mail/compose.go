package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
)

// compose returns m as a message of RFC 5322.
func (c *Channel) compose(m *deliver.Message) ([]byte, error) {
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	to := make([]string, len(c.cfg.To))
	for i, a := range c.cfg.To {
		to[i] = a.String()
	}
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, deliver.Clean(value)) }
	header("Date", c.cfg.Now().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	header("From", c.cfg.From.String())
	fmt.Fprintf(&b, "To: %s\r\n", strings.Join(to, ",\r\n ")) // parsed and written by net/mail: no line of others is in it
	header("Subject", encode(subject(m)))
	header("Message-ID", c.id(m.ID))
	if n := m.Single(); n != nil {
		header("In-Reply-To", c.id(n.Incident))
		header("References", c.id(n.Incident))
		header("X-Gatebook-Incident", n.Incident)
	}
	header("X-Gatebook-Severity", m.Severity())
	header("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers by machine
	header("MIME-Version", "1.0")
	header("Content-Type", `multipart/alternative; boundary="`+parts.Boundary()+`"`)
	b.WriteString("\r\n")
	v := view(m)
	var html bytes.Buffer
	if err := page.Execute(&html, v); err != nil {
		return nil, err
	}
	if err := part(parts, "text/plain; charset=utf-8", plainText(v)); err != nil {
		return nil, err
	}
	if err := part(parts, "text/html; charset=utf-8", html.String()); err != nil {
		return nil, err
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// id is a message id in the domain of the sender.
func (c *Channel) id(s string) string {
	_, domain, _ := strings.Cut(c.cfg.From.Address, "@")
	return "<" + s + "@" + domain + ">"
}

// subject is the same for all messages about an incident of one severity, since
// some programs tell conversations by it.
func subject(m *deliver.Message) string {
	n := m.Single()
	if n == nil || m.Kind == deliver.Test {
		return "[Gatebook] " + deliver.Cut(m.Headline(), 150)
	}
	s := "[Gatebook] " + n.Severity + ": " + deliver.Cut(deliver.Clean(n.Title), 150)
	if n.Change != alert.Opened {
		s = "Re: " + s
	}
	return s
}

// encode is s as the value of a header: lines of at most 78 characters, encoded
// (RFC 2047) if it is not plain.
func encode(s string) string { return mime.QEncoding.Encode("utf-8", s) }

func part(w *multipart.Writer, kind, text string) error {
	p, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return err
	}
	q := quotedprintable.NewWriter(p)
	if _, err := q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		return err
	}
	return q.Close()
}

// shown is what both parts show.
type shown struct {
	Head    string
	Facts   []deliver.Fact
	Reasons []deliver.Fact
	Lines   []string
	Link    string
	Foot    string
}

func view(m *deliver.Message) shown {
	n := m.Single()
	if n != nil {
		return shown{
			Head: m.Headline(), Facts: deliver.Facts(n), Reasons: deliver.Reasons(n), Link: n.Link,
			Foot: "Gatebook, incident " + n.Incident + ", message " + m.ID,
		}
	}
	v := shown{Head: m.Headline(), Foot: "Gatebook, message " + m.ID, Lines: []string{m.Tally()}}
	for i := range m.Notices {
		v.Lines = append(v.Lines, deliver.Line(&m.Notices[i]))
	}
	if m.Total > len(m.Notices) {
		v.Lines = append(v.Lines, deliver.More(m.Total-len(m.Notices)))
	}
	return v
}

func plainText(v shown) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", v.Head)
	for _, f := range v.Facts {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	for _, f := range v.Reasons {
		fmt.Fprintf(&b, "\n%s\n  %s\n", f.Name, f.Value)
	}
	for _, l := range v.Lines {
		fmt.Fprintf(&b, "%s\n", l)
	}
	if v.Link != "" {
		fmt.Fprintf(&b, "\n%s\n", v.Link)
	}
	fmt.Fprintf(&b, "\n-- \n%s\n", v.Foot)
	return b.String()
}

// page has no image, no style sheet and nothing else that is fetched.
var page = template.Must(template.New("mail").Parse(`<!DOCTYPE html>
<html><body style="font-family:sans-serif">
<h2 style="font-size:1.1em">{{.Head}}</h2>
{{if .Facts}}<table cellpadding="3">
{{range .Facts}}<tr><th align="left" valign="top">{{.Name}}</th><td>{{.Value}}</td></tr>
{{end}}</table>
{{end}}{{range .Reasons}}<p><b>{{.Name}}</b><br>{{.Value}}</p>
{{end}}{{if .Lines}}<ul>
{{range .Lines}}<li>{{.}}</li>
{{end}}</ul>
{{end}}{{if .Link}}<p><a href="{{.Link}}">Open the incident</a></p>
{{end}}<p style="color:#666;font-size:.85em">{{.Foot}}</p>
</body></html>
`))
