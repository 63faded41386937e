package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/internal/report/pdf"
	"github.com/gatebook/gatebook/ledger"
)

// reportRoutes are the endpoints about reports.
func reportRoutes() []route {
	return []route{
		get("/api/v1/reports", "listReports", "The reports that can be made.", func(*call, none) ([]ReportKind, error) {
			var list []ReportKind
			for _, name := range report.Names() {
				list = append(list, ReportKind{name, report.About(name)})
			}
			return list, nil
		}),
		{
			method: http.MethodGet, path: "/api/v1/reports/{name}", id: "report", summary: "A report for auditors, read from the ledger: as JSON, HTML, PDF or CSV.",
			params: reflect.TypeFor[reportParams](), result: reflect.TypeFor[report.Document](), heavy: true, handle: makeReport,
		},
	}
}

// ReportKind is a report that can be made.
type ReportKind struct {
	Name  string `json:"name"`
	About string `json:"about"` // what it says
}

type reportParams struct {
	Name      string        `path:"name" doc:"access, person, dormant, privileged, unverified or integrity."`
	From      time.Time     `query:"from" doc:"Calls that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d. Empty: 30 days before the end."`
	To        time.Time     `query:"to" doc:"Calls that arrived before this time. Empty: now."`
	Object    string        `query:"object" doc:"access: the object, as TYPE/ID."`
	Class     string        `query:"class" doc:"access: the class of data, such as email."`
	Principal string        `query:"principal" doc:"person: pseudonym, subject, e-mail, name, client, key id or fingerprint."`
	Idle      time.Duration `query:"idle" doc:"dormant: unused for so long. Empty: 90d."`
	Format    string        `query:"format" default:"json" oneof:"json,html,pdf,csv" doc:"Form of the report."`
}

// request returns what the parameters ask for.
func (c *call) reportRequest(p *reportParams) (report.Request, error) {
	r := report.Request{Name: p.Name, From: p.From, To: p.To, Class: p.Class, Principal: p.Principal, Idle: p.Idle}
	if r.To.IsZero() {
		r.To = c.cfg.Now()
	}
	if r.From.IsZero() {
		r.From = r.To.AddDate(0, 0, -30)
	}
	if p.Object != "" {
		kind, id, ok := strings.Cut(p.Object, "/")
		if !ok || kind == "" || id == "" {
			return r, argument("object", fmt.Sprintf("is %q, want TYPE/ID such as customer/4711", clip(p.Object, 60)))
		}
		r.Object = event.Object{Type: kind, ID: id}
	}
	switch p.Name {
	case report.Dormant:
		return r, c.knownCredentials(&r)
	case report.Privileged:
		if len(c.cfg.Privileged) > 0 {
			r.Privileged = c.cfg.Privileged
		}
	}
	return r, nil
}

// knownCredentials adds the keys and tokens that Gatebook gave out.
func (c *call) knownCredentials(r *report.Request) error {
	if c.cfg.Keys != nil {
		keys, err := c.cfg.Keys.List(c.r.Context())
		if err != nil {
			return err
		}
		for _, k := range keys {
			r.Known = append(r.Known, report.Known{Kind: "API key", ID: k.ID, Name: k.Name, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked})
		}
	}
	if c.cfg.Readers != nil {
		readers, err := c.cfg.Readers.List(c.r.Context())
		if err != nil {
			return err
		}
		for _, k := range readers {
			r.Known = append(r.Known, report.Known{Kind: "reader's token", ID: k.ID, Name: k.Name, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked, Used: k.Used})
		}
	}
	return nil
}

var reportTypes = map[string]string{"json": "application/json", "html": "text/html; charset=utf-8", "pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}

// makeReport answers with a report. Nothing is sent before its look is sealed.
func makeReport(c *call) error {
	var p reportParams
	if err := c.decode(&p); err != nil {
		return err
	}
	if err := c.cfg.Room.Admit(c.reader, reading.ActReport); err != nil {
		return err
	}
	req, err := c.reportRequest(&p)
	if err != nil {
		return err
	}
	b, err := report.New(req)
	if err != nil {
		return err
	}
	if req.Name == report.Integrity {
		if req.Verified, err = c.cfg.Room.Verify(c.r.Context(), c.reader, ledger.VerifyOptions{}); err != nil {
			return err
		}
		if b, err = report.New(req); err != nil {
			return err
		}
	}
	file, err := c.readReport(c.r.Context(), b, p.Format)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", reportTypes[p.Format])
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=gatebook-%s.%s", p.Name, p.Format))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	_, err = c.w.Write(file)
	return err
}

// readReport feeds the builder and writes its document.
func (c *call) readReport(ctx context.Context, b *report.Builder, format string) ([]byte, error) {
	req := b.Request()
	x := reading.Report{Name: req.Name, From: req.From, To: req.To, Whole: req.Whole(), Looks: req.Name == report.Integrity, Format: format}
	if req.Object.ID != "" {
		x.Objects = append(x.Objects, req.Object)
	}
	if req.Principal != "" {
		x.Objects = append(x.Objects, event.Object{Type: "principal", ID: req.Principal})
	}
	if req.Class != "" {
		x.Objects = append(x.Objects, event.Object{Type: "class-of-data", ID: req.Class})
	}
	return c.cfg.Room.Report(ctx, c.reader, x, func(n uint64, e *event.Event, bad *reading.Problem) error {
		if bad != nil {
			b.AddBad(n, bad.Detail)
			return nil
		}
		b.Add(n, e)
		return nil
	}, func(basis reading.Basis) ([]byte, []uint64, error) {
		d := b.Finish(c.cfg.Now(), report.Ledger{
			Origin: basis.Origin, Key: basis.Key, Size: basis.Size, Root: basis.Root, Checkpoint: string(basis.Checkpoint),
			Signatures: reading.Signers(basis.Checkpoint), First: basis.First, Records: basis.Size - basis.First,
		})
		d.By, d.Role, d.Reason, d.Version = basis.Reader.Name, string(basis.Reader.Role), basis.Reader.Reason, c.cfg.Version
		var out bytes.Buffer
		write := map[string]func(io.Writer) error{
			"json": d.JSON, "html": d.HTML, "csv": d.CSV, "pdf": func(w io.Writer) error { return pdf.Write(w, d) },
		}[format]
		err := write(&out)
		return out.Bytes(), d.Records, err
	})
}
