import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { clean, initials } from '@/shared/format/text';

const useStyles = makeStyles({
  face: {
    display: 'inline-flex',
    alignItems: 'center',
    justifyContent: 'center',
    flexShrink: 0,
    borderRadius: '50%',
    fontWeight: tokens.fontWeightSemibold,
    userSelect: 'none',
    // Drawn, not written: whoever listens to the page hears the name that stands beside it.
    '::before': { content: 'attr(data-initials)' },
  },
  steel: { backgroundColor: tokens.colorPaletteSteelBackground2, color: tokens.colorPaletteSteelForeground2 },
  teal: { backgroundColor: tokens.colorPaletteTealBackground2, color: tokens.colorPaletteTealForeground2 },
  royal: { backgroundColor: tokens.colorPaletteRoyalBlueBackground2, color: tokens.colorPaletteRoyalBlueForeground2 },
  lavender: { backgroundColor: tokens.colorPaletteLavenderBackground2, color: tokens.colorPaletteLavenderForeground2 },
  grape: { backgroundColor: tokens.colorPaletteGrapeBackground2, color: tokens.colorPaletteGrapeForeground2 },
  plum: { backgroundColor: tokens.colorPalettePlumBackground2, color: tokens.colorPalettePlumForeground2 },
  cranberry: { backgroundColor: tokens.colorPaletteCranberryBackground2, color: tokens.colorPaletteCranberryForeground2 },
  pumpkin: { backgroundColor: tokens.colorPalettePumpkinBackground2, color: tokens.colorPalettePumpkinForeground2 },
  brass: { backgroundColor: tokens.colorPaletteBrassBackground2, color: tokens.colorPaletteBrassForeground2 },
  forest: { backgroundColor: tokens.colorPaletteForestBackground2, color: tokens.colorPaletteForestForeground2 },
});

const COLOURS = ['steel', 'teal', 'royal', 'lavender', 'grape', 'plum', 'cranberry', 'pumpkin', 'brass', 'forest'] as const;

function colour(name: string): (typeof COLOURS)[number] {
  let sum = 7;
  for (const c of name) sum = (sum * 31 + (c.codePointAt(0) ?? 0)) >>> 0;
  return COLOURS[sum % COLOURS.length] ?? 'steel';
}

/** The round sign of a person: a picture where there is one, else first letters on a colour of their own. */
export function Face({ name, size = 32, picture }: { name: string; size?: number; picture?: string | undefined }) {
  const styles = useStyles();
  const shown = clean(name);
  // The picture that there is none of: another one may be tried.
  const [missing, setMissing] = useState<string>();
  if (picture && picture !== missing) {
    return (
      <img
        alt=""
        src={picture}
        loading="lazy"
        decoding="async"
        referrerPolicy="no-referrer"
        className={styles.face}
        style={{ width: size, height: size, objectFit: 'cover' }}
        onError={() => setMissing(picture)}
      />
    );
  }
  return (
    <span
      aria-hidden
      data-initials={initials(shown)}
      className={mergeClasses(styles.face, styles[colour(shown)])}
      style={{ width: size, height: size, fontSize: Math.round(size * 0.4) }}
    />
  );
}
