#!/usr/bin/env bash
# One YAML number: ten for the editor, eight for the Go program that reads it.
#
# Packages: npm yaml-language-server 2.0.0 (in its YAML 1.2 mode, the default of
#           editors) and Go's gopkg.in/yaml.v3 v3.0.1.
# Guess:    both follow YAML 1.2 (the README of yaml.v3 says "most of YAML 1.2"),
#           so a schema that passes in the editor passes what the program gets.
# Seen:     `010` is ten in the editor and eight in Go; `08`, right beside it, is
#           8.0, a float, in Go; `1_000` is text in the editor and a thousand in
#           Go. A check of at most 8 is red in the editor and green in the program.
# So:       a number of a manifest is in plain decimal digits or is refused with
#           line and column (manifest/requirement.go, its tests).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
npm install --silent --no-audit --no-fund --prefix . yaml-language-server@2.0.0 >/dev/null
cat > editor.cjs <<'JS'
const { getLanguageService } = require('./node_modules/yaml-language-server/out/src/languageservice/yamlLanguageService.js');
const { TextDocument } = require('vscode-languageserver-textdocument');
const editor = getLanguageService({ schemaRequestService: async () => '{}', workspaceContext: { resolveRelativePath: (_, path) => path } });
let n = 0;
const fits = async (text, schema) => {
  const uri = `file:///manifest${++n}.yaml`;
  editor.configure({ validate: true, yamlVersion: '1.2', schemas: [{ uri: `file:///schema${n}.json`, fileMatch: [uri], schema: { properties: { rows: schema } } }] });
  return (await editor.doValidation(TextDocument.create(uri, 'yaml', 1, `rows: ${text}\n`), false)).length === 0;
};
(async () => {
  for (const text of ['010', '08', '1_000']) {
    let seen = 'something else';
    for (const value of [8, 10, 1000, '1_000']) if (await fits(text, { const: value })) seen = JSON.stringify(value);
    console.log(`editor: ${text} is ${seen}`);
  }
})();
JS
cat > main.go <<'GO'
package main

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

func main() {
	for _, text := range []string{"010", "08", "1_000"} {
		var v struct{ Rows any }
		if err := yaml.Unmarshal([]byte("rows: "+text), &v); err != nil {
			panic(err)
		}
		fmt.Printf("go:     %s is %v (%T)\n", text, v.Rows, v.Rows)
	}
}
GO
go mod init seen >go.log 2>&1
go get gopkg.in/yaml.v3@v3.0.1 >>go.log 2>&1
go mod tidy >>go.log 2>&1
{ node editor.cjs; go run .; } | tee seen.txt
diff - seen.txt <<'END'
editor: 010 is 10
editor: 08 is 8
editor: 1_000 is "1_000"
go:     010 is 8 (int)
go:     08 is 8 (float64)
go:     1_000 is 1000 (int)
END
