package accesslog

import (
	"strings"

	"github.com/gatebook/gatebook/capture"
)

// setEnvoyFlags takes Envoy's response flags. Those that say nothing of how a
// call failed have no code.
func setEnvoyFlags(e *entry, v string) error {
	for flag := range strings.SplitSeq(v, ",") {
		switch flag {
		case "UF":
			e.failure = capture.UpstreamRefused
		case "UT", "SI":
			e.failure = capture.UpstreamTimeout
		case "UC", "UR", "LR":
			e.failure = capture.UpstreamReset
		case "UPE":
			e.failure = capture.UpstreamMalformed
		case "NR", "NC", "NFCF":
			e.failure = capture.NoRoute
		case "DC":
			e.failure = capture.ClientAborted
		case "DPE":
			e.failure = capture.RequestMalformed
		case "DT":
			e.failure = capture.ClientTimeout
		case "UO", "OM":
			e.failure = capture.Overloaded
		case "DF":
			e.failure = capture.UpstreamUnresolved
		}
	}
	return nil
}

// haproxyFailure takes the first two letters of HAProxy's termination state:
// what ended the session, and in which state it was then.
func haproxyFailure(state string) string {
	if len(state) < 2 {
		return ""
	}
	switch state[0] {
	case 'C':
		return capture.ClientAborted
	case 'c':
		return capture.ClientTimeout
	case 'S':
		if state[1] == 'C' {
			return capture.UpstreamRefused
		}
		return capture.UpstreamReset
	case 's':
		return capture.UpstreamTimeout
	case 'P':
		switch state[1] {
		case 'R':
			return capture.RequestMalformed
		case 'H':
			return capture.UpstreamMalformed
		}
	case 'R':
		return capture.Overloaded
	}
	return ""
}
