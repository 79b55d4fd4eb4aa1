package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/crossfade-go/crossfade/internal/requestbody"
)

// A DynamoDB is an engine that speaks DynamoDB's protocol and answers.
type DynamoDB struct {
	endpoint string
	region   string
	kind     string // "dynoxide 1.2.1", "DynamoDB Local", "" if it does not say
	origin   string
	isNamed  bool
	client   *dynamodb.Client
	server   *process    // nil if it was not started here
	lent     *Substitute // nil if it is a real one
}

// StartDynamoDB returns the engine that is named by the options or the
// environment, else starts the first one that is on the machine: dynoxide, or
// DynamoDB Local. The context bounds the start, not the life of the engine. The
// error is ErrNotFound if none is named and there is none to start.
func StartDynamoDB(ctx context.Context, options Options) (*DynamoDB, error) {
	if names := options.namedDynamoDB(); len(names) > 0 {
		return options.useDynamoDB(ctx, names[0])
	}
	programs, looked := findDynamoDB(options)
	if len(programs) == 0 {
		return nil, noDynamoDB(looked)
	}
	return programs[0].run(ctx, options)
}

// StartEveryDynamoDB returns all engines that are named, or starts one of each
// kind that is on the machine. Naming turns the search off: whoever names
// engines has said which ones count.
func StartEveryDynamoDB(ctx context.Context, options Options) ([]*DynamoDB, error) {
	var engines []*DynamoDB
	start := func(e *DynamoDB, err error) error {
		if err == nil {
			engines = append(engines, e)
			return nil
		}
		for _, started := range engines {
			err = errors.Join(err, started.Close())
		}
		return err
	}
	names := options.namedDynamoDB()
	for _, n := range names {
		if err := start(options.useDynamoDB(ctx, n)); err != nil {
			return nil, err
		}
	}
	if len(names) > 0 {
		return engines, nil
	}
	programs, looked := findDynamoDB(options)
	if len(programs) == 0 {
		return nil, noDynamoDB(looked)
	}
	for _, p := range programs {
		if err := start(p.run(ctx, options)); err != nil {
			return nil, err
		}
	}
	return engines, nil
}

func noDynamoDB(looked []string) error {
	return notFound("DynamoDB", looked,
		"put dynoxide on PATH, or DynamoDB Local's directory into "+EnvDynamoDBLocal+" (it needs java), or name a URL in "+EnvDynamoDB)
}

// namedDynamoDB returns the engines that are named, each once.
func (o Options) namedDynamoDB() []named {
	if o.DynamoDB != "" {
		return []named{{o.DynamoDB, "the option"}}
	}
	var all []named
	seen := map[string]bool{"": true}
	for _, env := range []string{EnvDynamoDB, EnvDynamoDBList} {
		for _, value := range strings.Split(o.env(env), ",") {
			value = strings.TrimRight(strings.TrimSpace(value), "/")
			if !seen[value] {
				seen[value] = true
				all = append(all, named{value, env})
			}
		}
	}
	return all
}

// useDynamoDB checks that a named engine answers.
func (o Options) useDynamoDB(ctx context.Context, n named) (*DynamoDB, error) {
	u, err := url.Parse(n.value)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("engine: the DynamoDB endpoint %s: not a URL such as http://127.0.0.1:8000", n)
	}
	d := &DynamoDB{endpoint: n.value, region: o.region(), origin: "named by " + n.by, isNamed: true}
	if err := d.ask(ctx); err != nil {
		return nil, fmt.Errorf("engine: the DynamoDB engine at %s: %w", n, err)
	}
	d.meet(ctx)
	return d, nil
}

// ask lists no more than one table, which every engine can.
func (d *DynamoDB) ask(ctx context.Context) error {
	client := d.newClient(func(o *dynamodb.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = onceClient()
	})
	_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{Limit: aws.Int32(1)})
	return err
}

// onceClient keeps no connections: what asks for a sign of life asks often
// while an engine starts, and not again.
func onceClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// meet completes what is known of an engine that has answered.
func (d *DynamoDB) meet(ctx context.Context) {
	d.client = d.newClient()
	if d.kind == "" {
		d.kind = d.askKind(ctx)
	}
}

// askKind reads from the header of a plain answer what kind of engine it is.
// It is for people to read; nothing depends on it.
func (d *DynamoDB) askKind(ctx context.Context) string {
	const unknown = "unknown engine"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.endpoint+"/", nil)
	if err != nil {
		return unknown
	}
	response, err := onceClient().Do(request)
	if err != nil {
		return unknown
	}
	response.Body.Close()
	server := response.Header.Get("Server")
	if version, ok := strings.CutPrefix(server, "Dynoxide/"); ok {
		return "dynoxide " + version
	}
	if strings.HasPrefix(server, "Jetty") {
		return "DynamoDB Local"
	}
	return unknown
}

// Endpoint is the engine's URL, as in "http://127.0.0.1:8000".
func (d *DynamoDB) Endpoint() string { return d.endpoint }

// Region is what requests are signed for.
func (d *DynamoDB) Region() string { return d.region }

// Name is the kind of engine, as in "dynoxide 1.2.1" or "DynamoDB Local". A
// named engine has its URL in it, as in "http://127.0.0.1:8000 (named)".
func (d *DynamoDB) Name() string {
	if d.isNamed {
		return d.endpoint + " (named)"
	}
	return d.kind
}

// Kind is what the engine says it is, also a named one: "dynoxide 1.2.1",
// "DynamoDB Local" or "unknown engine". A substitute has its own name.
func (d *DynamoDB) Kind() string { return d.kind }

// Describe says in one line which engine this is, where, and whether it was
// named, started or a substitute.
func (d *DynamoDB) Describe() string {
	return fmt.Sprintf("%s at %s, %s", d.kind, d.endpoint, d.origin)
}

// Client returns a client of the engine, the same at every call. Its
// credentials are such that only an engine for tests accepts them; retries are
// the SDK's own. A test that wants it otherwise changes a copy:
//
//	dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.BaseEndpoint = … })
func (d *DynamoDB) Client() *dynamodb.Client { return d.client }

func (d *DynamoDB) newClient(changes ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(d.endpoint),
		Region:       d.region,
		Credentials:  aws.CredentialsProviderFunc(dummyCredentials),
		APIOptions:   []func(*middleware.Stack) error{requestbody.Read},
	}, changes...)
}

// dummyCredentials have the form of real ones, since DynamoDB Local refuses
// access keys with other characters than letters and digits.
func dummyCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "CROSSFADE", SecretAccessKey: "crossfade", Source: "engine"}, nil
}

// Close stops an engine that was started, also a substitute. A named one is left
// alone. It is an
// error if the engine had ended before, by itself. Closing again does nothing.
func (d *DynamoDB) Close() error {
	if d.lent != nil {
		return d.lent.stop()
	}
	if d.server == nil {
		return nil
	}
	server := d.server
	d.server = nil
	if err := errors.Join(server.stop(), server.space.close()); err != nil {
		return fmt.Errorf("engine: close %s: %w", d.kind, err)
	}
	return nil
}
