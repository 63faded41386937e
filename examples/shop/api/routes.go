package api

import (
	"net/http"

	"github.com/gatebook/gatebook/examples/shop/store"
)

// Scopes with a meaning of their own.
const (
	public = ""      // no credential needed
	anyone = "*"     // any valid credential
	admin  = "admin" // the scope and the role
)

// route is one operation. The OpenAPI document is made from it as well.
type route struct {
	method, path string
	name         string   // operationId
	summary      string   // what it does, for people
	scope        string   // what the caller must have
	query        []string // names of query parameters
	in           any      // example of the request body's type; nil without
	out          any      // example of the answer's type; nil without
	media        string   // of the answer; empty means JSON
	status       int      // of success; zero means 200
	handle       func(http.ResponseWriter, *http.Request) error
}

// paging are the query parameters of every list.
var paging = []string{"limit", "cursor"}

func with(names ...string) []string { return append(names, paging...) }

// routes is the table of all operations but the document and the health check.
func (s *Server) routes() []route {
	var routes []route
	for _, part := range [][]route{s.customerRoutes(), s.orderRoutes(), s.productRoutes(), s.fileRoutes(),
		s.bulkRoutes(), s.adminRoutes()} {
		routes = append(routes, part...)
	}
	return routes
}

func (s *Server) customerRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/customers", name: "listCustomers", summary: "List customers",
			scope: "customers:read", query: with("country"), out: page[store.Customer]{}, handle: s.listCustomers},
		{method: "POST", path: "/v1/customers", name: "createCustomer", summary: "Add a customer",
			scope: "customers:write", in: NewCustomer{}, out: store.Customer{}, status: http.StatusCreated, handle: s.createCustomer},
		{method: "GET", path: "/v1/customers/{id}", name: "getCustomer", summary: "Read a customer",
			scope: "customers:read", out: store.Customer{}, handle: s.getCustomer},
		{method: "PATCH", path: "/v1/customers/{id}", name: "changeCustomer", summary: "Change a customer",
			scope: "customers:write", in: CustomerChange{}, out: store.Customer{}, handle: s.changeCustomer},
		{method: "DELETE", path: "/v1/customers/{id}", name: "deleteCustomer", summary: "Delete a customer without open orders",
			scope: "customers:write", status: http.StatusNoContent, handle: s.deleteCustomer},
		{method: "GET", path: "/v1/customers/{id}/orders", name: "listCustomerOrders", summary: "List a customer's orders",
			scope: "orders:read", query: with("status"), out: page[store.Order]{}, handle: s.listCustomerOrders},
	}
}

func (s *Server) orderRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/orders", name: "listOrders", summary: "List orders",
			scope: "orders:read", query: with("status"), out: page[store.Order]{}, handle: s.listOrders},
		{method: "POST", path: "/v1/orders", name: "placeOrder", summary: "Place an order",
			scope: "orders:write", in: NewOrder{}, out: store.Order{}, status: http.StatusCreated, handle: s.placeOrder},
		{method: "GET", path: "/v1/orders/{id}", name: "getOrder", summary: "Read an order",
			scope: "orders:read", out: store.Order{}, handle: s.getOrder},
		{method: "POST", path: "/v1/orders/{id}/cancel", name: "cancelOrder", summary: "Cancel an open order",
			scope: "orders:write", out: store.Order{}, handle: s.cancelOrder},
		{method: "GET", path: "/v1/events/orders", name: "followOrders", summary: "Follow orders (server-sent events)",
			scope: "orders:read", media: "text/event-stream", handle: s.followOrders},
		{method: "GET", path: "/v1/notifications", name: "notifications", summary: "Echo and order events (WebSocket)",
			scope: "orders:read", status: http.StatusSwitchingProtocols, handle: s.notifications},
	}
}

func (s *Server) productRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/products", name: "listProducts", summary: "List products",
			query: with("category"), out: page[store.Product]{}, handle: s.listProducts},
		{method: "GET", path: "/v1/products/{id}", name: "getProduct", summary: "Read a product",
			out: store.Product{}, handle: s.getProduct},
		{method: "PUT", path: "/v1/products/{id}/stock", name: "setStock", summary: "Set the stock of a product",
			scope: "products:write", in: Stock{}, out: store.Product{}, handle: s.setStock},
	}
}

func (s *Server) fileRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/files", name: "listFiles", summary: "List files",
			scope: "files:read", query: paging, out: page[store.File]{}, handle: s.listFiles},
		{method: "POST", path: "/v1/files", name: "uploadFile", summary: "Upload a file (multipart, field file); contents over 4 MiB are not kept",
			scope: "files:write", in: upload{}, out: store.File{}, status: http.StatusCreated, handle: s.uploadFile},
		{method: "GET", path: "/v1/files/{id}", name: "getFile", summary: "Read what is known of a file",
			scope: "files:read", out: store.File{}, handle: s.getFile},
		{method: "GET", path: "/v1/files/{id}/content", name: "downloadFile", summary: "Download a file",
			scope: "files:read", media: "application/octet-stream", handle: s.downloadFile},
		{method: "DELETE", path: "/v1/files/{id}", name: "deleteFile", summary: "Delete a file",
			scope: "files:write", status: http.StatusNoContent, handle: s.deleteFile},
	}
}

func (s *Server) bulkRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/search", name: "search", summary: "Search customers and products",
			scope: "customers:read", query: with("q"), out: page[store.Hit]{}, handle: s.search},
		{method: "GET", path: "/v1/export/{kind}", name: "export", summary: "Export all customers or orders (format ndjson or csv)",
			scope: "export:read", query: []string{"format"}, media: "application/x-ndjson", handle: s.export},
		{method: "GET", path: "/v1/me", name: "me", summary: "Say who the caller is",
			scope: anyone, out: Principal{}, handle: s.me},
	}
}

func (s *Server) adminRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/admin/users", name: "listUsers", summary: "List users of the console",
			scope: admin, out: page[store.User]{}, handle: s.listUsers},
		{method: "PUT", path: "/v1/admin/users/{id}/roles", name: "setRoles", summary: "Set a user's roles",
			scope: admin, in: Roles{}, out: store.User{}, handle: s.setRoles},
		{method: "GET", path: "/v1/admin/settings", name: "getSettings", summary: "Read the settings",
			scope: admin, out: map[string]string{}, handle: s.getSettings},
		{method: "PATCH", path: "/v1/admin/settings", name: "changeSettings", summary: "Change settings",
			scope: admin, in: map[string]string{}, out: map[string]string{}, handle: s.changeSettings},
		{method: "GET", path: "/v1/admin/refunds", name: "listRefunds", summary: "List refunds",
			scope: admin, query: paging, out: page[store.Refund]{}, handle: s.listRefunds},
		{method: "POST", path: "/v1/admin/refunds", name: "refund", summary: "Refund a shipped order",
			scope: admin, in: NewRefund{}, out: store.Refund{}, status: http.StatusCreated, handle: s.refund},
	}
}
