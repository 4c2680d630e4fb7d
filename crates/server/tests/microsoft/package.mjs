// Reads a Teams app package as others do, and says what Microsoft's schemas and library find in it: JSON on one line.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import zlib from "node:zlib";
import Ajv from "ajv-draft-04";
import addFormats from "ajv-formats";
import appManifest from "@microsoft/app-manifest";

const [zip, schemas] = process.argv.slice(2);
const bytes = readFileSync(zip);
const faults = [];

// The central directory (PKWARE APPNOTE 4.3): where each file stands.
function unzipped() {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const files = new Map();
  for (let n = 0; n < count; n += 1) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) faults.push("the directory is broken");
    const [method, sum, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 24)];
    const [name, extra, comment] = [28, 30, 32].map((o) => bytes.readUInt16LE(at + o));
    const path = bytes.toString("utf8", at + 46, at + 46 + name);
    const local = bytes.readUInt32LE(at + 42);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(from, from + size);
    if (method !== 0) faults.push(`${path} is compressed`);
    if (typeof zlib.crc32 === "function" && zlib.crc32(data) !== sum) faults.push(`${path} has another sum`);
    files.set(path, data);
    at += 46 + name + extra + comment;
  }
  return files;
}

const files = unzipped();
const read = (path) => JSON.parse(readFileSync(join(schemas, path), "utf8").replace(/^\uFEFF/, ""));
const manifest = JSON.parse(files.get("manifest.json"));
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats(ajv);
function judge(name, validate, value) {
  if (!validate(value)) faults.push(...validate.errors.map((e) => `${name}${e.instancePath}: ${e.message}`));
}
const schema = read("MicrosoftTeams.schema.json");
judge("manifest.json", ajv.compile(schema), manifest);
const translation = ajv.compile(read("MicrosoftTeams.Localization.schema.json"));
const languages = {};
for (const { file } of manifest.localizationInfo?.additionalLanguages ?? []) {
  languages[file] = JSON.parse(files.get(file));
  judge(file, translation, languages[file]);
}
const said = await appManifest.ManifestUtil.validateManifestAgainstSchema(manifest, schema);
faults.push(...said.map((f) => `library: ${f}`));
const wrapped = appManifest.TeamsManifestWrapper.fromJSON(JSON.stringify(manifest));
if (wrapped.staticTabs.length !== 1) faults.push("library: there is no tab");

// The pictures: their sizes, and that all of their points are there.
const icons = {};
for (const path of [manifest.icons.color, manifest.icons.outline]) {
  const png = files.get(path);
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  icons[path] = [width, height];
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  if (zlib.inflateSync(Buffer.concat(parts)).length !== height * (width + 1)) faults.push(`${path} has other points`);
}
console.log(JSON.stringify({ faults, files: [...files.keys()], manifest, languages, icons }));
