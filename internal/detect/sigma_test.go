package detect

import (
	"strings"
	"testing"
)

const sigmaHead = "title: x\nid: 00000000-0000-4000-8000-00000000000"

// sigmaSet imports one rule and returns it loaded, or why it does not.
func sigmaSet(t *testing.T, text string) (*Set, string) {
	t.Helper()
	var files []File
	for _, r := range ImportSigma([]File{{"a/test_rule.yml", []byte(text)}}, SigmaSources()) {
		if r.Text == nil {
			return nil, r.Reasons.Error()
		}
		files = append(files, File{r.File, r.Text})
	}
	set, err := Load(files)
	if err != nil {
		t.Fatalf("%v\n%s", err, files[0].Data)
	}
	return set, ""
}

// TestSigma runs imported rules over events.
func TestSigma(t *testing.T) {
	trail := func(original string, more ...string) []string {
		return append([]string{"capture.method", "import", "capture.source", "cloudtrail", "payload.original", original}, more...)
	}
	for _, f := range []struct {
		name, text string
		event      []string
		want       bool
	}{
		{"cloudtrail", "logsource: {product: aws, service: cloudtrail}\ndetection: {selection: {eventSource: kms.amazonaws.com, eventName: [DisableKey, ScheduleKeyDeletion]}, condition: selection}\n",
			trail(`{"eventName":"DisableKey","eventSource":"kms.amazonaws.com"}`, "operation.host", "kms.amazonaws.com"), true},
		{"of another log", "logsource: {product: aws, service: cloudtrail}\ndetection: {selection: {eventName: DisableKey}, condition: selection}\n",
			[]string{"payload.original", `{"eventName":"DisableKey"}`}, false},
		{"a path", "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {userIdentity.sessionContext.sessionIssuer.type: Role, requestParameters.ids|contains: '-7'}, condition: s}\n",
			trail(`{"userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"type":"Role"}}},"requestParameters":{"ids":["i-1","i-7"]}}`), true},
		{"the text of an object", "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {requestParameters|contains|all: ['0.0.0.0/0', tcp]}, condition: s}\n",
			trail(`{"requestParameters":{"cidr":"0.0.0.0/0","proto":"tcp"},"x":1}`), true},
		{"absent", "logsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: ConsoleLogin}, f: {errorCode: null}, condition: s and f}\n",
			trail(`{"eventName":"ConsoleLogin","errorCode":null}`), true},
		{"keywords", "logsource: {category: webserver}\ndetection: {s: {cs-method: GET}, k: ['union select', '@@version'], condition: s and k}\n",
			[]string{"operation.method", "GET", "what.path", "/x", "what.query", "id=1 UNION SELECT 2"}, true},
		{"windash", "logsource: {category: webserver}\ndetection: {s: {c-uri|windash|contains: ' -enc '}, condition: s}\n", []string{"what.path", "/x /enc y"}, true},
		{"base64", "logsource: {category: webserver}\ndetection: {s: {cs-uri-query|base64|contains: attack}, condition: s}\n", []string{"what.query", "q=YXR0YWNr"}, true},
		{"base64offset, one byte on", "logsource: {category: webserver}\ndetection: {s: {cs-uri-query|base64offset|contains: 'http://'}, condition: s}\n", []string{"what.query", "q=eGh0dHA6Ly9h"}, true},
		{"wide, and base64", "logsource: {category: webserver}\ndetection: {s: {cs-uri-query|wide|base64offset|contains: ping}, condition: s}\n", []string{"what.query", "q=cABpAG4AZwA="}, true},
		{"flags of re", "logsource: {category: proxy}\ndetection: {s: {c-useragent|re|i: 'evilbot/[0-9]+'}, condition: s}\n", []string{"who.user_agent", "EvilBot/7"}, true},
	} {
		set, why := sigmaSet(t, sigmaHead+"1\n"+f.text)
		if set == nil {
			t.Errorf("%s: %s", f.name, why)
			continue
		}
		v := newView(set.tests, Secret{})
		v.look(call(1, 0, f.event...))
		if got := set.Rules[0].match(v); got != f.want {
			t.Errorf("%s: got %t", f.name, got)
		}
	}
}

// TestSigmaCorrelation imports a correlation and its rule.
func TestSigmaCorrelation(t *testing.T) {
	set, why := sigmaSet(t, sigmaHead+"1\nname: Denied\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {errorCode: AccessDenied}, condition: s}\n---\n"+
		sigmaHead+"2\nlevel: high\ncorrelation: {type: value_count, rules: [Denied], group-by: [userIdentity.arn], timespan: 10m, condition: {field: eventName, gte: 3}}\n")
	if set == nil {
		t.Fatal(why)
	}
	e := New(Config{Rules: set})
	for i, name := range []string{"ListUsers", "ListRoles", "ListKeys"} {
		e.Add(call(i, 0, "capture.source", "cloudtrail", "payload.original", `{"errorCode":"AccessDenied","userIdentity":{"arn":"arn:x"},"eventName":"`+name+`"}`), -1)
	}
	found := e.Flush()
	if len(found) != 1 || found[0].Level != "high" || found[0].Entity[0].Value != "arn:x" {
		t.Errorf("found %+v", found)
	}
}

// TestSigmaRefused shows what is said of what is not known, with its line.
func TestSigmaRefused(t *testing.T) {
	for _, f := range []struct{ text, want string }{
		{"logsource: {product: windows, category: process_creation}\ndetection: {s: {Image: x}, condition: s}\n", "test_rule.yml:3:13: logsource: is windows, process_creation, for which there is no mapping of fields"},
		{"logsource: {category: webserver}\ndetection: {s: {Nope: x}, condition: s}\n", "test_rule.yml:4:17: detection.s.Nope: the field Nope is not in the mapping"},
		{"logsource: {category: webserver}\ndetection: {s: {c-uri|fieldref: cs-host}, condition: s}\n", "the modifier fieldref is not known here"},
		{"logsource: {category: webserver}\ndetection: {s: {c-uri: x}, condition: s | count() > 3}\n", "aggregations after | are of old Sigma"},
		{"logsource: {category: webserver}\ndetection: {s: {c-uri: x}, condition: s, timeframe: 5m}\n", "is of old Sigma"},
		{"logsource: {category: webserver}\ndetection: {s: {c-uri|re: '.*'}, condition: s}\n", "has no text of three characters"},
		{"author: me\n", "is no rule of Sigma"},
		{"correlation: {type: event_count, rules: [other], timespan: 1m, condition: {gte: 2}}\n", `there is no rule "other" before it in the same file`},
	} {
		if set, why := sigmaSet(t, sigmaHead+"1\n"+f.text); set != nil || !strings.Contains(why, f.want) {
			t.Errorf("%s\ngot  %s\nwant %s", f.text, why, f.want)
		}
	}
}

// TestSigmaMapping reads a mapping file, and one that is wrong.
func TestSigmaMapping(t *testing.T) {
	sources, err := ParseSigmaMapping(File{"m.yaml", []byte("sources:\n  - product: okta\n    where: {capture.source: okta}\n    fields: {eventType: operation.name}\n    others: original.\n    keywords: payload.original\n")})
	if err != nil || len(sources) != 1 || sources[0].Fields["eventtype"] != "operation.name" || sources[0].Where["capture.source"] != "okta" {
		t.Fatal(sources, err)
	}
	rules := ImportSigma([]File{{"o.yml", []byte(sigmaHead + "1\nlogsource: {product: okta, service: okta}\ndetection: {s: {eventtype: user.created, actor.id: x}, condition: s}\n")}}, append(sources, SigmaSources()...))
	if len(rules) != 1 || rules[0].Text == nil || !strings.Contains(string(rules[0].Text), "original.actor.id: x") {
		t.Errorf("%+v", rules)
	}
	for _, f := range []struct{ text, want string }{
		{"sources: []\n", "is no list of sources"},
		{"source: 1\n", `did you mean "sources"?`},
		{"sources:\n  - product: okta\n    fields: {a: operation.nam}\n", `m.yaml:3:17: sources[0].fields.a: there is no field "operation.nam", did you mean "operation.name"?`},
		{"sources:\n  - others: original.\n", "would be for all rules"},
		{"sources:\n  - product: okta\n    others: raw.\n", "must begin with original."},
	} {
		if _, err := ParseSigmaMapping(File{"m.yaml", []byte(f.text)}); err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%s: got %v, want %s", f.text, err, f.want)
		}
	}
}

// FuzzOriginal looks into any text: it ends, and yields what is in it.
func FuzzOriginal(f *testing.F) {
	f.Add(`{"a":{"b":[1,{"c":"d\""}]},"e":null}`, "a.b.c")
	f.Add(`{"a":[[[[`, "a")
	f.Add(`{"a"`, "a")
	f.Fuzz(func(t *testing.T, text, path string) {
		field := lookupOriginal(originalPrefix + path)
		if field == nil {
			return
		}
		e := call(1, 0, "payload.original", text)
		field.each(e, func(v string) {
			if v == "" || len(v) > 6*len(text) {
				t.Fatalf("%q of %q", v, text)
			}
		})
	})
}

// FuzzImportSigma imports any text: a rule that is said to load does.
func FuzzImportSigma(f *testing.F) {
	f.Add([]byte(sigmaHead + "1\nlogsource: {category: webserver}\ndetection: {s: {c-uri|windash|contains: ' -x'}, k: [a, b], condition: 1 of them}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var all []byte
		for _, r := range ImportSigma([]File{{"f.yml", src}}, SigmaSources()) {
			if (r.Text == nil) == (len(r.Reasons) == 0) {
				t.Fatalf("%+v", r)
			}
			if r.Text != nil {
				all = append(append(all, "---\n"...), r.Text...)
			}
		}
		if len(all) > 0 {
			if _, err := Load([]File{{"f", all}}); err != nil {
				t.Fatalf("%v\n%s", err, all)
			}
		}
	})
}
