package linked

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

const module = "github.com/crossfade-go/crossfade"

// exactNumbers evaluates the SQL fragments of a contract and is the type of money
// in a service's structs: DECIMAL must never pass through float64. It requires
// no other module.
const exactNumbers = "github.com/shopspring/decimal"

// What a service may link, by the path of the module.
var (
	// The attribute values of DynamoDB are types of the SDK. Its client and all
	// that goes with it are not linked by them.
	typesOnly = []string{
		module,
		"github.com/aws/aws-sdk-go-v2/service/dynamodb",
		"github.com/aws/smithy-go",
		exactNumbers,
	}
	driver = []string{
		module,
		"filippo.io/edwards25519", // the driver's, for MariaDB's ed25519 accounts
		"github.com/go-sql-driver/mysql",
		"github.com/jmoiron/sqlx",
	}
	client = []string{
		module,
		"github.com/aws/aws-sdk-go-v2",
		"github.com/aws/aws-sdk-go-v2/internal/configsources",
		"github.com/aws/aws-sdk-go-v2/internal/endpoints/v2",
		"github.com/aws/aws-sdk-go-v2/service/dynamodb",
		"github.com/aws/aws-sdk-go-v2/service/internal/accept-encoding",
		"github.com/aws/aws-sdk-go-v2/service/internal/endpoint-discovery",
		"github.com/aws/smithy-go",
		exactNumbers,
	}
)

// Packages that no service may link, although their module is allowed.
var forTests = []string{
	"net/http/httptest",
	"testing",
	"testing/synctest",
	module + "/dal/faultstore",
	module + "/dal/paritytest",
	module + "/dal/storetest",
	module + "/dynamostore/dynamotest",
	module + "/internal/dynamojson",
	module + "/internal/engine",
	module + "/internal/enginetest",
	module + "/internal/fleet",
	module + "/internal/enginetest/found",
	module + "/internal/enginetest/leaks",
}

func TestWhatAServiceLinks(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not on PATH; it knows what a package links")
	}
	everything := slices.Concat(driver, client)
	for _, c := range []struct {
		name     string
		packages []string
		allowed  []string
		denied   []string
	}{
		{"transform", []string{"transform"}, typesOnly, []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb"}},
		{"dal", []string{"dal", "dal/store"}, typesOnly, []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb"}},
		{"mysqlstore", []string{"mysqlstore"}, slices.Concat(typesOnly, driver), []string{"github.com/aws/aws-sdk-go-v2/service/dynamodb"}},
		{"dynamostore", []string{"dynamostore"}, client, nil},
		{"everything", []string{"dal", "mysqlstore", "dynamostore", "transform", "migrationctl"}, everything, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, system := range []string{"linux", "darwin", "windows"} {
				denied := slices.Concat(forTests, c.denied)
				require.Empty(t, faults(list(t, system, c.packages), c.allowed, denied), "on %s", system)
			}
		})
	}
}

// A dependency is a package that is linked, and its module, which the standard
// library has not.
type dependency struct{ pkg, module string }

// list asks the go command what the packages link. It asks as a service would
// see it: without the workspace, and with the versions of go.mod as they are.
func list(t *testing.T, system string, packages []string) []dependency {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	args := []string{"list", "-deps", "-f", "{{.ImportPath}} {{if .Standard}}{{else}}{{.Module.Path}}{{end}}"}
	for _, p := range packages {
		args = append(args, module+"/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS="+system)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var all []dependency
	for line := range strings.Lines(string(out)) {
		pkg, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, dependency{pkg, of})
	}
	require.NotEmpty(t, all)
	return all
}

// faults returns what is linked and may not be.
func faults(linked []dependency, allowed, denied []string) []string {
	var bad []string
	for _, d := range linked {
		switch {
		case slices.Contains(denied, d.pkg):
			bad = append(bad, d.pkg)
		case d.module != "" && !slices.Contains(allowed, d.module):
			bad = append(bad, d.pkg+" of "+d.module)
		}
	}
	return bad
}

func TestFaults(t *testing.T) {
	linked := []dependency{{"fmt", ""}, {"testing", ""}, {"a/b", "a"}, {"c/d", "c"}}
	require.Equal(t, []string{"testing", "c/d of c"}, faults(linked, []string{"a"}, []string{"testing"}))
	require.Empty(t, faults(linked, []string{"a", "c"}, nil))
}
