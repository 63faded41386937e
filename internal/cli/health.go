package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) healthCmd() *cobra.Command {
	var t target
	var asJSON bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a server how it is",
		Long:  "Ask a server how it is. The exit code is 0 if it can take calls, else 2: fit for the health check of a container.",
		Args:  cobra.NoArgs,
	}
	t.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		ctx, cancel := context.WithTimeout(c.Context(), 5*time.Second)
		defer cancel()
		var from *client
		if t.server == "" {
			if from = runningServer(ctx, &t, ""); from == nil {
				return fmt.Errorf("no server runs on %s", t.data)
			}
		} else if from, err = p.connect(ctx, &t); err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.base.JoinPath("/readyz").String(), nil)
		if err != nil {
			return err
		}
		res, err := from.http.Do(req)
		if err != nil {
			return from.explain(c.Context(), err)
		}
		defer res.Body.Close()
		var h api.Health
		if err := json.NewDecoder(res.Body).Decode(&h); err != nil || h.Status == "" {
			return fmt.Errorf("%s answered %s: that is not a Gatebook server", from.base, res.Status)
		}
		if res.StatusCode != http.StatusOK {
			p.code = ExitError
		}
		if asJSON {
			return lines(p.Stdout).Encode(h)
		}
		return p.health(&h)
	}
	return c
}

func (p *Program) health(h *api.Health) error {
	rows := [][]cell{{{"gatebook", bold}, {h.Status, green}, {}}}
	if h.Status != "ok" {
		rows[0][1].style = yellow
	}
	for _, k := range h.Checks {
		state := cell{"ok", green}
		if !k.OK {
			state = cell{"failing", yellow}
			if k.Required {
				state.style = red
			}
		}
		rows = append(rows, []cell{{k.Name, plain}, state, {k.Detail, plain}})
	}
	return p.screen().table(p.Stdout, []string{"part", "state", "detail"}, rows)
}
