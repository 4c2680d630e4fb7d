// Adaptive Cards, judged by their schema and drawn by Microsoft's renderer in Chromium: JSON on one line.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [path, schemaPath] = process.argv.slice(2);
const cards = JSON.parse(readFileSync(path, "utf8"));

const { id: _id, ...schema } = JSON.parse(readFileSync(schemaPath, "utf8").replace(/^\uFEFF/, ""));
const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: false });
ajv.addMetaSchema(JSON.parse(readFileSync(new URL("./node_modules/ajv/dist/refs/json-schema-draft-06.json", import.meta.url))));
const validate = ajv.compile(schema);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  await page.setContent("<!doctype html><meta charset=utf-8><body></body>");
  await page.addScriptTag({ path: new URL("./node_modules/adaptivecards/dist/adaptivecards.min.js", import.meta.url).pathname });
  const seen = [];
  for (const content of cards) {
    const faults = validate(content) ? [] : validate.errors.map((e) => `${e.instancePath}: ${e.message}`);
    const drawn = await page.evaluate((given) => {
      const context = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
      const card = new AdaptiveCards.AdaptiveCard();
      let pressed = null;
      card.onExecuteAction = (action) => {
        pressed = { type: action.getJsonTypeName(), data: action.data ?? null, url: action.url ?? null };
      };
      card.parse(given, context);
      const notes = [];
      for (let n = 0; n < context.eventCount; n += 1) notes.push(context.getEventAt(n).message);
      notes.push(...card.validateProperties().validationEvents.map((e) => e.message));
      const element = card.render();
      document.body.replaceChildren(element);
      const buttons = [...element.querySelectorAll("button, [role=button]")];
      buttons[0]?.click();
      return {
        notes,
        text: element.innerText,
        links: element.querySelectorAll("a, img").length,
        buttons: buttons.map((b) => b.innerText),
        pressed,
      };
    }, content);
    seen.push({ ...drawn, faults: [...faults, ...drawn.notes] });
  }
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
