import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ErrorCircle16Regular, Info16Regular, Warning16Regular } from '@fluentui/react-icons';
import type { ReactNode } from 'react';

const useStyles = makeStyles({
  note: {
    display: 'flex',
    gap: '8px',
    padding: '8px 12px',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
    alignItems: 'flex-start',
  },
  icon: { flexShrink: 0, marginTop: '2px' },
  body: { flexGrow: 1, minWidth: 0 },
  info: { backgroundColor: tokens.colorNeutralBackground3 },
  warning: {
    backgroundColor: tokens.colorStatusWarningBackground1,
    border: `1px solid ${tokens.colorStatusWarningBorder1}`,
    color: tokens.colorNeutralForeground1,
  },
  error: {
    backgroundColor: tokens.colorStatusDangerBackground1,
    border: `1px solid ${tokens.colorStatusDangerBorder1}`,
    color: tokens.colorNeutralForeground1,
  },
});

const ICONS = { info: Info16Regular, warning: Warning16Regular, error: ErrorCircle16Regular };

/** A sentence that stands out on a page, and what can be done about it. */
export function Note(props: { intent: 'info' | 'warning' | 'error'; children: ReactNode; action?: ReactNode }) {
  const styles = useStyles();
  const Icon = ICONS[props.intent];
  return (
    <div className={mergeClasses(styles.note, styles[props.intent])} role={props.intent === 'info' ? undefined : 'alert'}>
      <Icon className={styles.icon} />
      <div className={styles.body}>{props.children}</div>
      {props.action}
    </div>
  );
}
