package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// TestIAM holds that the policy is printed whole, the same as text and as JSON,
// for any contract that can be checked. What is in it is held by the tests of
// dynamostore.Policy.
func TestIAM(t *testing.T) {
	isolateAWS(t)
	for _, contract := range exported() {
		for _, party := range []string{"service", "operator"} {
			args := []string{"iam", "--contract", contract, "--for", party, "--table-prefix", "prod-", "--region", "eu-central-1", "--account", "123456789012"}
			code, text, errs := call(t.Context(), environment{}, args...)
			require.Equal(t, exitDone, code, errs)
			code, doc, errs := call(t.Context(), environment{}, append(args, "--json")...)
			require.Equal(t, exitDone, code, errs)
			require.Equal(t, text, doc)
			var policy dynamostore.PolicyDocument
			require.NoError(t, json.Unmarshal([]byte(text), &policy))
			require.Equal(t, "2012-10-17", policy.Version)
			require.NotContains(t, text, "*:table")
			require.Contains(t, text, `"arn:aws:dynamodb:eu-central-1:123456789012:table/prod-crossfade"`)
		}
	}
}

// TestIAMGolden shows what the policies of the notes table are, phase by phase.
func TestIAMGolden(t *testing.T) {
	isolateAWS(t)
	for _, file := range []struct{ name, party, phase string }{
		{"service-1", "service", "1"}, {"service-4", "service", "4"}, {"operator", "operator", ""},
	} {
		args := []string{"iam", "--contract", "testdata/notes.json", "--for", file.party}
		if file.phase != "" {
			args = append(args, "--phase", file.phase)
		}
		code, text, errs := call(t.Context(), environment{}, args...)
		require.Equal(t, exitDone, code, errs)
		want, err := os.ReadFile("testdata/iam/" + file.name + ".json")
		require.NoError(t, err)
		require.Equal(t, string(want), text, "go run . %v > testdata/iam/%s.json", args, file.name)
	}
}

func TestIAMUsage(t *testing.T) {
	isolateAWS(t)
	for _, c := range []struct{ flag, value, told string }{
		{"--for", "guest", "give service or operator"}, {"--phase", "6", `"6" is no phase`},
		{"--account", "12", `"12" is no account`}, {"--region", "eu central", `"eu central" is no name of a region`},
	} {
		code, _, errs := call(t.Context(), environment{}, "iam", "--contract", "testdata/notes.json", c.flag, c.value)
		require.Equal(t, exitSetup, code)
		require.Contains(t, errs, c.told)
	}
}
