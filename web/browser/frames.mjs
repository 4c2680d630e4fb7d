// How smoothly a page is drawn, counted in the page.

/** The time between two frames, in milliseconds, for so long. */
export async function frames(page, ms) {
  return page.evaluate(
    (time) =>
      new Promise((done) => {
        const gaps = [];
        const began = performance.now();
        let last = began;
        const draw = (now) => {
          gaps.push(now - last);
          last = now;
          if (now - began < time) requestAnimationFrame(draw);
          else done(gaps.slice(1));
        };
        requestAnimationFrame(draw);
      }),
    ms,
  );
}

/** Which value that part of a list is not above: 0.95 for all but the highest twentieth. */
export const quantile = (list, part) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)];

/** How much of a list is below a bound, from 0 to 1. */
export const below = (list, bound) => list.filter((v) => v < bound).length / Math.max(1, list.length);
