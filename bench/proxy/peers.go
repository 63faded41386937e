//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A setup is what a proxy's configuration is made from.
type setup struct {
	dir      string // an empty directory of its own, for configuration, logs and data
	listen   netip.AddrPort
	ops      netip.AddrPort // a second port, for those that need one
	upstream netip.AddrPort
	issuer   string // URL of the OpenID provider
}

// A peer is one proxy under test.
type peer struct {
	name    string
	what    string   // what it does with a call besides forwarding it, for the table
	bin     string   // name of its program below the directory of programs
	version []string // arguments that print its version
	env     []string
	files   func(s setup) map[string]string // name and content of its configuration
	args    func(s setup) []string
	record  func(s setup) (uint64, error) // how many calls it has recorded, after it has ended; nil: it records none
}

// peers are all that can be measured, in the order of the table. Each is limited
// to one worker, as it has one processor; each keeps connections to the upstream
// open, as many as the load has.
var peers = []peer{
	{
		name: "upstream", what: "the bare upstream, no proxy",
		args: func(s setup) []string { return []string{"-upstream", s.listen.String()} },
	},
	{
		name: "gatebook", what: "ES256 token verified, headers and bodies recorded and sealed, index off",
		bin: "gatebook", version: []string{"version"}, files: gatebookFiles("off"), args: gatebookArgs, record: ledgerSize,
	},
	{
		name: "gatebook-index", what: "the same, with the search index filled meanwhile by its child process",
		bin: "gatebook", version: []string{"version"}, files: gatebookFiles("child"), args: gatebookArgs, record: ledgerSize,
	},
	{
		name: "nginx", what: "JSON access log", bin: "nginx", version: []string{"-v"}, files: nginxFiles, record: logLines("access.log"),
		args: func(s setup) []string {
			return []string{"-e", "stderr", "-p", s.dir, "-c", filepath.Join(s.dir, "nginx.conf")}
		},
	},
	{
		name: "haproxy", what: "JSON access log on standard output, a file", bin: "haproxy", version: []string{"-v"}, files: haproxyFiles, record: logLines("haproxy.out"),
		// Without -q, which would silence the log as well.
		args: func(s setup) []string { return []string{"-db", "-f", filepath.Join(s.dir, "haproxy.cfg")} },
	},
	{
		name: "caddy", what: "JSON access log", bin: "caddy", files: caddyFiles, record: logLines("access.log"),
		args: func(s setup) []string {
			return []string{"run", "--adapter", "caddyfile", "--config", filepath.Join(s.dir, "Caddyfile")}
		},
	},
	{
		name: "traefik", what: "JSON access log", bin: "traefik", version: []string{"version"}, files: traefikFiles, record: logLines("access.log"),
		args: func(s setup) []string { return []string{"--configFile=" + filepath.Join(s.dir, "traefik.yaml")} },
	},
}

// program returns the path of p's program in one of dirs, or an error that says
// how to get it.
func (p peer) program(dirs []string) (string, error) {
	if p.bin == "" {
		return os.Executable()
	}
	for _, dir := range dirs {
		if path, err := exec.LookPath(filepath.Join(dir, p.bin)); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("%s: no program %s in %s (bench/peers.sh gets the peers, make build builds Gatebook)",
		p.name, p.bin, strings.Join(dirs, ", "))
}

// write makes the directory of s and puts p's configuration there.
func (p peer) write(s setup) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil || p.files == nil {
		return err
	}
	for name, text := range p.files(s) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// gatebookFiles records everything, and refuses calls whose token is not
// verified, so that a run in which verification fails cannot look fast.
func gatebookFiles(index string) func(setup) map[string]string {
	return func(s setup) map[string]string {
		return map[string]string{"gatebook.yaml": fmt.Sprintf(`data: %s
ops:
  listen: %s
gateway:
  drain: 1s
  listeners:
    - name: default
      address: %s
  routes:
    - name: bench
      upstream: http://%s
      durability: served
      require_level: 3
      capture:
        headers: true
        request_body: 64KiB
        response_body: 64KiB
identity:
  oidc:
    - name: bench
      issuer: %s
      audiences: [%s]
      algorithms: [ES256]
index:
  mode: %s
log:
  level: warn
`, filepath.Join(s.dir, "data"), s.ops, s.listen, s.upstream, s.issuer, audience, index)}
	}
}

func gatebookArgs(s setup) []string {
	return []string{"serve", "--config", filepath.Join(s.dir, "gatebook.yaml")}
}

func nginxFiles(s setup) map[string]string {
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n" // else the worker cannot write below our directory
	}
	return map[string]string{"nginx.conf": user + fmt.Sprintf(`daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 4096; }
http {
  log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
    '"uri":"$request_uri","protocol":"$server_protocol","status":$status,"bytes_in":$request_length,'
    '"bytes_out":$bytes_sent,"duration":$request_time,"upstream":"$upstream_addr",'
    '"upstream_duration":"$upstream_response_time","host":"$host","agent":"$http_user_agent"}';
  access_log access.log json;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 100000000;
  upstream api { server %s; keepalive 128; keepalive_requests 100000000; }
  server {
    listen %s;
    location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`, s.upstream, s.listen)}
}

func haproxyFiles(s setup) map[string]string {
	return map[string]string{"haproxy.cfg": fmt.Sprintf(`global
  nbthread 1
  maxconn 4096
  log stdout format raw local0
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  log-format '{"time":"%%tr","client":"%%ci","method":%%{+Q}HM,"uri":%%{+Q}HU,"protocol":%%{+Q}HV,"status":%%ST,"bytes_in":%%U,"bytes_out":%%B,"duration_ms":%%Ta,"backend":%%{+Q}b,"server":%%{+Q}s,"state":"%%tsc"}'
frontend in
  bind %s
  default_backend api
backend api
  server api %s
`, s.listen, s.upstream)}
}

func caddyFiles(s setup) map[string]string {
	return map[string]string{"Caddyfile": fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
	storage file_system %[1]s/storage
}
http://:%[3]d {
	bind %[2]s
	log {
		output file %[1]s/access.log {
			roll_disabled
		}
		format json
	}
	reverse_proxy %[4]s {
		transport http {
			keepalive_idle_conns_per_host 256
		}
	}
}
`, s.dir, s.listen.Addr(), s.listen.Port(), s.upstream)}
}

func traefikFiles(s setup) map[string]string {
	return map[string]string{
		"traefik.yaml": fmt.Sprintf(`global: {checkNewVersion: false, sendAnonymousUsage: false}
log: {level: ERROR}
entryPoints:
  web: {address: "%s"}
accessLog: {filePath: %s/access.log, format: json}
providers:
  file: {filename: %s/routes.yaml}
`, s.listen, s.dir, s.dir),
		"routes.yaml": fmt.Sprintf(`http:
  routers:
    api: {entryPoints: [web], rule: "PathPrefix(`+"`/`"+`)", service: api}
  services:
    api: {loadBalancer: {servers: [{url: "http://%s"}]}}
`, s.upstream),
	}
}
