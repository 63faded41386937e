package kubernetes

import (
	"encoding/json"

	"github.com/gatebook/gatebook/internal/redact"
)

// withoutSecrets returns a record without what is secret in it: the contents of
// Secrets, the values of variables that are called like secrets, the copies of
// objects in annotations, and what redaction finds in any JSON.
func withoutSecrets(raw []byte, c *record, r *redact.Redactor) string {
	if len(c.RequestObject) > 0 || len(c.ResponseObject) > 0 {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) == nil {
			secret := c.Object != nil && c.Object.Resource == "secrets"
			for _, name := range []string{"requestObject", "responseObject"} {
				var v any
				if len(members[name]) == 0 || json.Unmarshal(members[name], &v) != nil {
					continue
				}
				if secret {
					v = outline(v, 0)
				} else {
					v = clean(v, r, 0)
				}
				if b, err := json.Marshal(v); err == nil {
					members[name] = b
				}
			}
			if b, err := json.Marshal(members); err == nil {
				raw = b
			}
		}
	}
	kept, _ := r.Call().Body("application/json", raw, false)
	return string(kept)
}

// maxDepth bounds what is looked into; what lies deeper is left out.
const maxDepth = 64

// outline keeps of an object, or of a list of them, what it is and how it is
// called. A patch has neither, and nothing of it is kept.
func outline(v any, depth int) any {
	m, ok := v.(map[string]any)
	if !ok || depth > 1 {
		return redact.Mark
	}
	out := make(map[string]any)
	for _, name := range []string{"kind", "apiVersion", "type", "status", "code", "reason"} {
		if s := m[name]; s != nil {
			if _, object := s.(map[string]any); !object {
				out[name] = s
			}
		}
	}
	if meta, ok := m["metadata"].(map[string]any); ok {
		kept := make(map[string]any)
		for _, name := range []string{"name", "namespace", "uid", "resourceVersion", "creationTimestamp"} {
			if s, ok := meta[name].(string); ok {
				kept[name] = s
			}
		}
		out["metadata"] = kept
	}
	if items, ok := m["items"].([]any); ok {
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = outline(item, depth+1)
		}
		out["items"] = list
	}
	for name := range m {
		if _, kept := out[name]; !kept {
			out[name] = redact.Mark
		}
	}
	return out
}

// clean takes secrets out of an object of another kind.
func clean(v any, r *redact.Redactor, depth int) any {
	if depth > maxDepth {
		return redact.Mark
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = clean(v[i], r, depth+1)
		}
	case map[string]any:
		if kind, _ := v["kind"].(string); kind == "Secret" || kind == "SecretList" {
			return outline(v, 0)
		}
		name, _ := v["name"].(string)
		if value, ok := v["value"].(string); ok && value != "" && r.SecretField(name) { // a variable of a container
			v["value"] = r.Fingerprint(value)
		}
		for key, x := range v {
			if _, ok := x.(string); ok && key == "kubectl.kubernetes.io/last-applied-configuration" {
				v[key] = redact.Mark
				continue
			}
			v[key] = clean(x, r, depth+1)
		}
	}
	return v
}
