package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"postern/internal/config"
)

type settings struct{}

// Run shows every setting as it takes effect, secrets hidden.
func (settings) Run(in *invocation) error {
	effective := map[string]string{
		"DATABASE_URL":    config.URL(in.config.Database()).String(),
		"CORS_ORIGINS":    strings.Join(in.config.CORSOrigins, ","),
		"TRUSTED_PROXIES": strings.Join(in.config.TrustedProxies, ","),
		"GRAPHIQL":        strconv.FormatBool(in.config.Page()),
		"INTROSPECTION":   strconv.FormatBool(in.config.Introspect()),
	}
	table := tabwriter.NewWriter(in.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	for _, flag := range in.kong.Model.Flags {
		if !config.IsSetting(flag) {
			continue
		}
		name := config.Name(flag)
		value, computed := effective[name]
		if !computed {
			value = fmt.Sprint(flag.Target.Interface())
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", name, value, in.sources.Of(in.kong, flag))
	}
	return table.Flush()
}

type version struct{}

// Run shows the version.
func (version) Run(in *invocation) error {
	in.print("postern %s (%s, %s/%s)", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// Version is the version that the program was built as: a tag, a commit, or "dev".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "dev"
}

type healthcheck struct{}

// patience is how long the server may take to answer a health check.
const patience = 3 * time.Second

// errNotReady says that the server answered, but is not ready.
var errNotReady = errors.New("the server is not ready")

// Run asks the server whether it is ready.
func (healthcheck) Run(ctx context.Context, in *invocation) error {
	host, port, err := net.SplitHostPort(in.config.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens everywhere; an empty image knows no names
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // nothing of it is needed
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s", errNotReady, response.Status)
	}
	in.print("ready")
	return nil
}
