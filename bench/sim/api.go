package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// ops are all operations of the API.
var ops = []op{
	opLogin, opRefresh, opProducts, opProduct, opSearch, opHealth, opMe, opMine, opProfile, opNewKey, opOrder, opOrders, opBuy, opCustomers, opCustomer, opChange,
	opTickets, opTicket, opAnswer, opInvoices, opInvoice, opFile, opReport, opExport, opExportInv, opChanges, opUsers, opAddUser, opSettings, opRole,
}

// below is what comes before the paths of the back office: there the tenant is
// named.
const below = "/tenants/{tenant}"

// template is the template of an operation, as the API's document has it.
func (o op) template() string {
	if o.scope == "" || o.scope == "-" {
		return o.route
	}
	return below + o.route
}

// pathOf is the path of the call of an event. Scanners ask for what is not
// there.
func pathOf(e *event.Event) string {
	if e.Operation.Route == "" {
		return e.What.Path
	}
	path := e.Operation.Route
	asked := e.What.Objects[:min(e.What.Asked, uint64(len(e.What.Objects)))]
	if len(asked) > 0 && asked[0].Type == "tenant" {
		path = strings.Replace(below, "{tenant}", asked[0].ID, 1) + path
		asked = asked[1:]
	}
	if len(asked) > 0 {
		path = strings.Replace(path, "{id}", asked[0].ID, 1)
	}
	return path
}

// document is the API's own description, in OpenAPI.
func document() map[string]any {
	type object = map[string]any
	paths := object{}
	for _, o := range ops {
		item, ok := paths[o.template()].(object)
		if !ok {
			item = object{}
			paths[o.template()] = item
		}
		var parameters []object
		for _, name := range []string{"tenant", "id"} {
			if strings.Contains(o.template(), "{"+name+"}") {
				parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
			}
		}
		security := []object{{"sign-in": []string{}}}
		switch o.scope {
		case "":
		case "-":
			security = []object{}
		default:
			security = []object{{"sign-in": []string{o.scope}}}
		}
		item[strings.ToLower(o.method)] = object{"parameters": parameters, "security": security, "responses": object{"200": object{"description": "OK"}}}
	}
	return object{
		"openapi": "3.1.0", "info": object{"title": "simulated shop", "version": "1"}, "paths": paths,
		"components": object{"securitySchemes": object{"sign-in": object{"type": "oauth2", "flows": object{"clientCredentials": object{"tokenUrl": "/token", "scopes": object{}}}}}},
	}
}

// actions says what the operations do whose method and path do not tell.
func actions() string {
	var list []string
	for _, o := range ops {
		if slices.Contains([]event.Action{event.ActionAuthenticate, event.ActionExport, event.ActionAdminister, event.ActionGrant}, o.action) {
			list = append(list, fmt.Sprintf("{match: \"%s %s\", action: %s}", o.method, o.template(), o.action))
		}
	}
	return strings.Join(list, ", ")
}
