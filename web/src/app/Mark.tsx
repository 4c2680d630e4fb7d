import { tokens } from '@fluentui/react-components';

/** The sign of Switchroom: two lines that change places. */
export function Mark({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <rect width="32" height="32" rx="8" fill={tokens.colorBrandBackground} />
      <path
        d="M8 11h6l4 10h6M8 21h4M20 11h4"
        fill="none"
        stroke={tokens.colorNeutralForegroundOnBrand}
        strokeWidth="2.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
