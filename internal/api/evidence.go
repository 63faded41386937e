package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/pack"
	"github.com/gatebook/gatebook/internal/reading"
)

type evidenceParams struct {
	queryParams
	Disclose  []string `query:"disclose" doc:"Envelopes that the pack discloses, with commas: who, what, payload. Empty: none, they stay commitments."`
	Complete  bool     `query:"complete" doc:"Enclose the headers of all records that were searched, so that whoever checks the pack can evaluate the query again. The query may name fields of the header only."`
	Case      string   `query:"case" doc:"What the pack is for. It is sealed, and in the pack."`
	Continues []string `query:"continues" doc:"Sizes of older checkpoints that the pack can be compared with, with commas."`
}

// evidence answers with the pack as one file. It is made in memory, and
// checked, before the first byte is sent.
func evidence(c *call, p evidenceParams) error {
	x := reading.Evidence{Query: p.reading(), Complete: p.Complete, Case: p.Case}
	for _, name := range p.Disclose {
		class, err := event.ParseClass(name)
		if err != nil {
			return argument("disclose", fmt.Sprintf("is %q, want who, what or payload", clip(name, 40)))
		}
		x.Disclose = append(x.Disclose, class)
	}
	for _, text := range p.Continues {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return argument("continues", fmt.Sprintf("is %q, want the size of a checkpoint", clip(text, 40)))
		}
		x.Continues = append(x.Continues, n)
	}
	made, key, err := c.cfg.Room.Evidence(c.r.Context(), c.reader, x)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pack.Write(&b, made, key); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", "attachment; filename=gatebook-evidence.zip")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	c.w.WriteHeader(http.StatusOK)
	_, err = c.w.Write(b.Bytes())
	return err
}
