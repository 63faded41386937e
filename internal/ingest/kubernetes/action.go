package kubernetes

import (
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Resources whose changes say who may do what, and those that are settings of
// the cluster itself.
var (
	grants = words(`roles rolebindings clusterroles clusterrolebindings certificatesigningrequests certificatesigningrequests/approval serviceaccounts`)
	admin  = words(`mutatingwebhookconfigurations validatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings mutatingadmissionpolicies mutatingadmissionpolicybindings
		apiservices customresourcedefinitions nodes namespaces networkpolicies podsecuritypolicies priorityclasses runtimeclasses storageclasses csidrivers flowschemas prioritylevelconfigurations resourcequotas limitranges`)
	// What is created and nothing but a question.
	questions = words(`subjectaccessreviews selfsubjectaccessreviews localsubjectaccessreviews selfsubjectrulesreviews selfsubjectreviews`)
	// What gets a credential, or proves one.
	credentials = words(`serviceaccounts/token tokenreviews`)
)

func words(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// actionOf says what a verb does to a resource, with its subresource.
func actionOf(verb, resource string) event.Action {
	verb = strings.ToLower(verb)
	switch verb {
	case "get", "list", "watch", "head", "options":
		if strings.HasSuffix(resource, "/exec") || strings.HasSuffix(resource, "/attach") || strings.HasSuffix(resource, "/portforward") {
			return event.ActionUpdate // by WebSocket: it is a command all the same
		}
		return event.ActionRead
	case "impersonate", "bind", "escalate", "approve", "sign", "attest":
		return event.ActionGrant
	}
	switch {
	case credentials[resource]:
		return event.ActionAuthenticate
	case questions[resource]:
		return event.ActionRead
	case grants[resource]:
		return event.ActionGrant
	case admin[strings.TrimSuffix(resource, "/status")]:
		return event.ActionAdminister
	}
	switch verb {
	case "create", "post":
		if strings.Contains(resource, "/") { // pods/exec changes a pod
			return event.ActionUpdate
		}
		return event.ActionCreate
	case "update", "patch", "put", "apply":
		return event.ActionUpdate
	case "delete", "deletecollection":
		return event.ActionDelete
	}
	return ""
}
