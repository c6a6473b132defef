// Audits pages in Chromium and prints what was found as JSON. Asked on standard input, with
//   {chromium, root, cookies, pages, audited, categories, audits}
// `pages` are looked at with axe, as wide as a desktop and as a phone, and with text twice as large. Of those in `audited`
// Lighthouse tells its scores in `categories` and `audits`, as on a phone or, with {desktop: true}, as on a desktop. A page
// is {path, steps}: the steps are [selector, value] to set a field and [selector] to click what leads to another page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import lighthouse, { desktopConfig } from 'lighthouse';
import { pageFunctions } from 'lighthouse/core/lib/page-functions.js';
import { launch } from 'puppeteer-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const asked = JSON.parse(readFileSync(0, 'utf8'));
const browser = await launch({
  executablePath: asked.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});

const faults = [];
const weights = [];
const scores = [];
// How fast the machine is, which takes Lighthouse a second to find out, matters to the category of performance alone.
if (!asked.categories.includes('performance')) pageFunctions.computeBenchmarkIndex = () => 0;

async function open(page, { path, steps = [] }) {
  await page.goto(asked.root + path);
  for (const [selector, value] of steps) {
    if (value === undefined) {
      await Promise.all([page.waitForNavigation(), page.click(selector)]);
    } else {
      await page.$eval(selector, (field, text) => { field.value = text; }, value);
    }
  }
}

// What the second width and the other colours can change: the rest of axe's rules read the same document again.
const SEEN = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size'];

async function look(page, what, rules) {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const { violations } = await page.evaluate((given) => window.axe.run(given), options);
  for (const { id, nodes } of violations) faults.push(`${what}: axe ${id}: ${nodes[0].html.slice(0, 200)}`);
  await fit(page, what);
}

async function fit(page, what) {
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: innerWidth }));
  if (wide > room) faults.push(`${what}: ${wide} px wide`);
}

// What makes a page fast on any machine, however busy: it is small, asks for little and for nothing from elsewhere, and
// nothing on it moves once it is shown.
async function weigh(page, name) {
  const { sent, elsewhere, moved } = await page.evaluate(async () => {
    const shifts = new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().length)).observe({ type: 'layout-shift', buffered: true });
      setTimeout(resolve, 50, 0);
    });
    const parts = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
    const size = parts.reduce((sum, part) => sum + part.encodedBodySize, 0);
    const others = parts.map((part) => part.name).filter((url) => new URL(url).origin !== location.origin);
    return { sent: size, elsewhere: others, moved: await shifts };
  });
  weights.push({ page: name, sent, elsewhere, moved });
}

async function examine(page, asPage) {
  await page.setViewport({ width: 1280, height: 800 });
  await open(page, asPage);
  const name = asPage.name ?? asPage.path;
  await weigh(page, name);
  await page.evaluate(axe);
  for (const [width, scheme, rules] of [[1280, 'light', SEEN], [360, 'dark', undefined]]) {
    await page.setViewport({ width, height: 800 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await look(page, `${name}, ${width} px, ${scheme}`, rules);
  }
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await fit(page, `${name}, 360 px, text at 200 %`);
}

async function score({ path, desktop }) {
  const { lhr } = await lighthouse(asked.root + path, FLAGS, desktop ? desktopConfig : undefined);
  scores.push({
    page: `${path}, ${desktop ? 'desktop' : 'phone'}`,
    shown: new URL(lhr.finalDisplayedUrl).pathname,
    categories: mapped(lhr.categories, ({ score }) => Math.round(score * 100)),
    audits: mapped(lhr.audits, ({ score, numericValue, explanation }) => ({ score, value: numericValue, explanation })),
  });
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

const FLAGS = {
  port: Number(new URL(browser.wsEndpoint()).port),
  logLevel: 'silent',
  disableStorageReset: true,
  disableFullPageScreenshot: true,
  // The pages are whole when they have loaded: what might follow is not waited for a second four times over.
  ...{ pauseAfterFcpMs: 0, pauseAfterLoadMs: 0, networkQuietThresholdMs: 100, cpuQuietThresholdMs: 100 },
  onlyCategories: asked.categories,
  onlyAudits: asked.audits,
  // Axe looks at these too, on every page.
  skipAudits: ['document-title', 'image-alt', 'link-name'],
};

// Guests first: a cookie stays.
for (const guest of [true, false]) {
  if (!guest) await browser.setCookie(...asked.cookies);
  const tab = await browser.newPage();
  for (const page of asked.pages.filter((page) => Boolean(page.guest) === guest)) await examine(tab, page);
  await tab.close();
  for (const page of asked.audited.filter((page) => Boolean(page.guest) === guest)) await score(page);
}
await browser.close();
console.log(JSON.stringify({ faults, weights, scores }));
