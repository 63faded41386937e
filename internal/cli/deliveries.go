package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) alertsReceiversCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use: "receivers", Short: "List the receivers of alerts, and how they are", Args: cobra.NoArgs,
		Long: "List the receivers of alerts that the server has in its configuration, and how they are. A receiver fails when its last attempt did; what waits for it is tried again.",
	}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[deliver.Status](p, c, &t, &o, "/api/v1/alerts/receivers")
		if err != nil || o.form == "json" {
			return err
		}
		l := p.look(&o)
		rows := make([][]cell, 0, len(list))
		for _, s := range list {
			state := cell{"well", green}
			if !s.Failing.IsZero() {
				state = cell{"failing since " + l.time(s.Failing), red}
			}
			rows = append(rows, []cell{
				{s.Name, bold}, {s.Kind, plain}, state, {strconv.Itoa(s.Pending), plain}, {strconv.Itoa(s.Dead), plain},
				{strconv.FormatUint(s.Delivered, 10), plain}, {clean(s.Error), dim},
			})
		}
		return p.rows(&o, []string{"name", "kind", "state", "waiting", "dead", "delivered", "last error"}, rows)
	}
	return c
}

func (p *Program) alertsTestCmd() *cobra.Command {
	var t target
	var asJSON bool
	c := &cobra.Command{
		Use:   "test RECEIVER",
		Short: "Send a test message to a receiver",
		Long: "Send a test message to a receiver at once, and say exactly how it fared. It says of itself that nothing happened; " +
			"where incidents are tracked it is opened and closed. That it was sent is recorded. The exit code is 2 if it was not accepted.",
		Example: "  gatebook alerts test security-channel",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var r api.ReceiverTest
		if err := from.post(c.Context(), "/api/v1/alerts/receivers/"+url.PathEscape(args[0])+"/test", nil, &r); err != nil {
			return err
		}
		if !r.OK {
			p.code = ExitError
		}
		if asJSON {
			return lines(p.Stdout).Encode(r)
		}
		said := ""
		if r.Answer != "" {
			said = ": " + clean(r.Answer)
		}
		if r.OK {
			fmt.Fprintf(p.Stdout, "%s accepted the test message%s\n", args[0], said)
			return nil
		}
		fmt.Fprintf(p.Stdout, "%s did not accept the test message: %s%s\n", args[0], clean(r.Error), said)
		return nil
	}
	return c
}

func (p *Program) alertsDeliveriesCmd() *cobra.Command {
	var t target
	var o output
	var dead bool
	var state, receiver, incident string
	var limit int
	c := &cobra.Command{
		Use:   "deliveries",
		Short: "List what was sent to receivers, waits, or was given up",
		Long: "List deliveries, the newest first. A delivery is one message to one receiver: pending until the receiver accepted it, " +
			"then delivered; dead if the receiver refused it for good, or was not to be had for too long. Delivered ones are listed for a week, dead ones for 30 days.",
		Example: "  gatebook alerts deliveries --dead\n  gatebook alerts deliveries --receiver siem --state pending",
		Args:    cobra.NoArgs,
	}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.Flags().BoolVar(&dead, "dead", false, "only those that were given up: the same as --state dead")
	c.Flags().StringVar(&state, "state", "", "only those that are pending, delivered or dead")
	c.Flags().StringVar(&receiver, "receiver", "", "only those to this `receiver`")
	c.Flags().StringVar(&incident, "incident", "", "only those about this `incident`")
	c.Flags().IntVarP(&limit, "limit", "n", 100, "at most so many, up to 1000")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		if dead {
			state = "dead"
		}
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		for name, v := range map[string]string{"state": state, "receiver": receiver, "incident": incident} {
			if v != "" {
				q.Set(name, v)
			}
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var list []deliver.Delivery
		if err := from.get(c.Context(), "/api/v1/alerts/deliveries", q, &list); err != nil {
			return err
		}
		if o.form == "json" {
			return each(p, list)
		}
		return p.rows(&o, []string{"id", "created", "receiver", "incident", "change", "severity", "state", "attempts", "error"}, deliveryRows(p.look(&o), list))
	}
	return c
}

func deliveryRows(l look, list []deliver.Delivery) [][]cell {
	rows := make([][]cell, 0, len(list))
	for _, d := range list {
		state := cell{string(d.State), yellow}
		switch {
		case d.In != 0:
			state.text += fmt.Sprintf(" in %d", d.In)
		case !d.Due.IsZero() && d.Attempts > 0:
			state.text += " until " + l.time(d.Due)
		}
		switch d.State {
		case deliver.Delivered:
			state.style = green
		case deliver.Dead:
			state.style = red
		}
		rows = append(rows, []cell{
			{strconv.FormatInt(d.ID, 10), bold}, {l.time(d.Created), dim}, {d.Receiver, plain}, {d.Incident, plain}, {d.Change, plain},
			{d.Severity, plain}, state, {strconv.Itoa(d.Attempts), plain}, {clean(d.Error), dim},
		})
	}
	return rows
}

func (p *Program) alertsRetryCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use:     "retry ID…",
		Short:   "Try deliveries again that were given up",
		Long:    "Try deliveries again that were given up, at once and for as long as a new one. Each is recorded before. The ids are those of gatebook alerts deliveries --dead.",
		Example: "  gatebook alerts retry 17 18",
		Args:    cobra.MinimumNArgs(1),
	}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		for _, id := range args {
			res, err := from.do(c.Context(), http.MethodPost, "/api/v1/alerts/deliveries/"+url.PathEscape(id)+"/retry", nil, nil)
			if err != nil {
				return err
			}
			res.Body.Close()
			p.note("delivery %s is tried again", id)
		}
		return nil
	}
	return c
}
