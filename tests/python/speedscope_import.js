// SPDX-License-Identifier: ISC
// What speedscope makes of a pprof file: node speedscope_import.js <its npm package> <file, not compressed>
// prints the total weight, then a line for each frame: self and total weight, name.
// The package is a program for a browser in one file: its importer is taken out of it by what it does.
const fs = require("fs");
const path = require("path");

const folder = path.join(process.argv[2], "dist", "release");
const bundle = fs.readdirSync(folder).find((name) => /^speedscope-.*\.js$/.test(name));
let source = fs.readFileSync(path.join(folder, bundle), "utf8");
const found = /function (\w+)\(\w\)\{if\(\w\.byteLength===0\)return null;let \w;try\{\w=\w+\.perftools/.exec(source);
const after = /var \w+,\w+,(\w+)=\w+\(\(\)=>\{"use strict";.*?\}\);/s.exec(source.slice(found.index));
const end = found.index + after.index + after[0].length;
source = `${source.slice(0, end)}globalThis.importPprof=(b)=>{${after[1]}();return ${found[1]}(b)};${source.slice(end)}`;
try {
  (0, eval)(source); // what needs a browser fails, after what we need
} catch (error) {
  if (!globalThis.importPprof) throw error;
}
const bytes = fs.readFileSync(process.argv[3]);
const profile = globalThis.importPprof(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
console.log(profile.getTotalWeight());
profile.forEachFrame((frame) => console.log(`${frame.getSelfWeight()} ${frame.getTotalWeight()} ${frame.name}`));
