import { makeStyles, tokens } from '@fluentui/react-components';

/** The look that the cards of the desk share. */
export const useCardStyles = makeStyles({
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: '16px',
    padding: '20px 24px',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    boxShadow: tokens.shadow4,
    minWidth: 0,
    '@media (max-width: 719px)': { padding: '14px' },
  },
  lit: {
    position: 'relative',
    overflow: 'hidden',
    '::before': {
      content: '""',
      position: 'absolute',
      left: 0,
      right: 0,
      top: 0,
      height: '3px',
      backgroundColor: tokens.colorCompoundBrandStroke,
    },
  },
  link: { color: tokens.colorBrandForegroundLink, display: 'inline-flex', alignItems: 'center', gap: '4px' },
  head: { display: 'flex', alignItems: 'center', gap: '14px', flexWrap: 'wrap' },
  who: { display: 'flex', flexDirection: 'column', minWidth: 0, flex: '1 1 180px' },
  name: { fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, fontWeight: tokens.fontWeightSemibold },
  quiet: { color: tokens.colorNeutralForeground2 },
  time: { fontSize: tokens.fontSizeBase500, fontVariantNumeric: 'tabular-nums', fontWeight: tokens.fontWeightSemibold },
  row: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  gap: { flexGrow: 1 },
  facts: { display: 'flex', flexWrap: 'wrap', gap: '4px 20px', color: tokens.colorNeutralForeground2 },
  why: {
    padding: '10px 14px',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    lineHeight: tokens.lineHeightBase300,
  },
});
