package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
)

// The names that testdata/export_names.txt lists, by what holds them.
type knownNames map[string][]string

func readNames(t *testing.T) knownNames {
	data, err := os.ReadFile("testdata/export_names.txt")
	require.NoError(t, err)
	known := knownNames{}
	for _, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, ": ")
		known[line[:i]] = strings.Fields(line[i+1:])
	}
	return known
}

// check requires that what is at a place may be called so.
func (k knownNames) check(t *testing.T, place, name string) {
	t.Helper()
	require.Contains(t, k, place, "nothing is known of %s", place)
	require.Contains(t, k[place], name, "in %s", place)
}

// checkJSON checks a value of a template and all that it holds.
func (k knownNames) checkJSON(t *testing.T, place string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			k.checkJSON(t, place, e)
		}
	case map[string]any:
		if len(v) == 1 && slices.ContainsFunc([]string{"Ref", "Fn::Sub", "Fn::If"}, func(f string) bool { _, ok := v[f]; return ok }) {
			return // a function in place of the value
		}
		for name, inner := range v {
			k.check(t, place, name)
			k.checkJSON(t, place+"."+name, inner)
		}
	}
}

// parsedTemplate is a template as CloudFormation reads it.
type parsedTemplate struct {
	Parameters map[string]map[string]any
	Conditions map[string]any
	Resources  map[string]struct {
		Type, DeletionPolicy, UpdateReplacePolicy string
		Properties                                map[string]any
	}
}

// parseTemplate holds that a name comes once only: JSON would let the last count.
func parseTemplate(t *testing.T, text string) parsedTemplate {
	t.Helper()
	var p parsedTemplate
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	names := 0
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, `    "`) && strings.HasSuffix(line, "{") {
			names++
		}
	}
	require.Equal(t, len(p.Parameters)+len(p.Resources), names)
	return p
}

// refs calls f with each Ref of a value, and each ${} of a Fn::Sub.
func refs(v any, f func(string)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			refs(e, f)
		}
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			f(id)
		}
		if sub, ok := v["Fn::Sub"].(string); ok {
			_, id, _ := strings.Cut(sub, "${")
			id, _, _ = strings.Cut(id, "}")
			f(id)
		}
		for _, e := range v {
			refs(e, f)
		}
	}
}

// TestExportCloudFormationNames holds that a template parses, uses no name that
// the documentation does not have, and refers to nothing that it lacks.
func TestExportCloudFormationNames(t *testing.T) {
	known := readNames(t)
	for name, contract := range exported() {
		t.Run(name, func(t *testing.T) {
			text := exportOf(t, contract, formatCloudFormation)
			var top map[string]any
			require.NoError(t, json.Unmarshal([]byte(text), &top))
			for member := range top {
				known.check(t, "template", member)
			}
			p := parseTemplate(t, text)
			for _, parameter := range p.Parameters {
				known.checkJSON(t, "parameter", parameter)
			}
			for id, r := range top["Resources"].(map[string]any) {
				require.Regexp(t, `^[A-Za-z0-9]{1,255}$`, id)
				for member := range r.(map[string]any) {
					known.check(t, "resource", member)
				}
			}
			for id, r := range p.Resources {
				known.checkJSON(t, r.Type, r.Properties)
				refs(r.Properties, func(to string) {
					_, parameter := p.Parameters[to]
					_, resource := p.Resources[to]
					require.True(t, parameter || resource || to == "AWS::NoValue", "%s refers to %s", id, to)
				})
			}
		})
	}
}

// parseTerraform reads a configuration, and holds that it is as terraform fmt
// would have it.
func parseTerraform(t *testing.T, text string) *hclsyntax.Body {
	t.Helper()
	require.Equal(t, string(hclwrite.Format([]byte(text))), text)
	file, diagnostics := hclsyntax.ParseConfig([]byte(text), "tables.tf", hcl.InitialPos)
	require.False(t, diagnostics.HasErrors(), diagnostics)
	return file.Body.(*hclsyntax.Body)
}

// checkHCL checks a block and all that it holds.
func (k knownNames) checkHCL(t *testing.T, place string, b *hclsyntax.Body) {
	t.Helper()
	for name := range b.Attributes {
		k.check(t, place, name)
	}
	for _, inner := range b.Blocks {
		k.check(t, place, inner.Type)
		k.checkHCL(t, place+"."+inner.Type, inner.Body)
	}
}

// TestExportTerraformNames is TestExportCloudFormationNames of a configuration.
func TestExportTerraformNames(t *testing.T) {
	known := readNames(t)
	for name, contract := range exported() {
		t.Run(name, func(t *testing.T) {
			body := parseTerraform(t, exportOf(t, contract, formatTerraform))
			require.Empty(t, body.Attributes)
			there := map[string]bool{}
			for _, b := range body.Blocks {
				id := strings.Join(b.Labels, ".")
				switch b.Type {
				case "variable", "data":
					id = map[string]string{"variable": "var", "data": "data"}[b.Type] + "." + id
				case "terraform":
					known.checkHCL(t, "terraform", b.Body)
					continue
				default:
					require.Equal(t, "resource", b.Type)
				}
				require.False(t, there[id], "%s twice", id)
				there[id] = true
				place := b.Labels[0]
				if b.Type == "variable" {
					place = "variable"
				}
				known.checkHCL(t, place, b.Body)
			}
			for _, b := range body.Blocks {
				for _, to := range references(b.Body) {
					require.True(t, there[to], "%v refers to %s", b.Labels, to)
				}
			}
		})
	}
}

// references returns what the expressions of a block refer to, as far as it names
// a thing of the configuration.
func references(b *hclsyntax.Body) []string {
	var all []string
	for name, a := range b.Attributes {
		if name == "type" || name == "ignore_changes" { // words, no values
			continue
		}
		for _, v := range a.Expr.Variables() {
			parts := 2
			if v.RootName() == "data" {
				parts = 3
			}
			id := v.RootName()
			for _, step := range v[1:parts] {
				id += "." + step.(hcl.TraverseAttr).Name
			}
			all = append(all, id)
		}
	}
	for _, inner := range b.Blocks {
		all = append(all, references(inner.Body)...)
	}
	return all
}

// TestHCLText holds that a text comes out of HCL as it went in, whatever it is.
func TestHCLText(t *testing.T) {
	texts := []string{"", "plain", `"quoted" \ back`, "${a}", "$${a}", "$$${a}", "%{ if x }", "%%{a}", "$", "%", "$%{", "{$", "a\nb\r\tc", "\x00\x01\x7f", "für 🐟", "${\"x\"}", "cost $5 {each}"}
	for _, text := range texts {
		require.Equal(t, text, evaluated(t, hclText(text)))
		list := "[" + hclText(text) + "]"
		require.Equal(t, list, hclTexts([]string{text}))
		if text == "" {
			continue
		}
		e, diagnostics := hclsyntax.ParseExpression([]byte(hclMap([]hclEntry{{text, hclText(text)}, {"for", `"x"`}, {"null", `"y"`}})), "", hcl.InitialPos)
		require.False(t, diagnostics.HasErrors(), diagnostics)
		v, diagnostics := e.Value(nil)
		require.False(t, diagnostics.HasErrors(), diagnostics)
		require.Equal(t, text, v.AsValueMap()[text].AsString())
		require.Len(t, v.AsValueMap(), 3)
	}
}

func FuzzHCLText(f *testing.F) {
	f.Add("$${a}%{")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "")
		// HCL keeps texts in their composed form.
		require.Equal(t, cty.NormalizeString(text), evaluated(t, hclText(text)))
	})
}

// evaluated returns the text that an expression is.
func evaluated(t *testing.T, expression string) string {
	t.Helper()
	e, diagnostics := hclsyntax.ParseExpression([]byte(expression), "", hcl.InitialPos)
	require.False(t, diagnostics.HasErrors(), "%s: %s", expression, diagnostics)
	v, diagnostics := e.Value(nil)
	require.False(t, diagnostics.HasErrors(), "%s: %s", expression, diagnostics)
	return v.AsString()
}
