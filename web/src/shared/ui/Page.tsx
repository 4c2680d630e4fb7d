import { makeStyles, mergeClasses, Subtitle1, tokens } from '@fluentui/react-components';
import { useEffect, type ReactNode } from 'react';

const NARROW = '@media (max-width: 719px)';

const useStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
    padding: '16px 24px 24px',
    maxWidth: '1680px',
    margin: '0 auto',
    [NARROW]: { padding: '12px 12px 20px', gap: tokens.spacingVerticalM },
  },
  head: { display: 'flex', alignItems: 'center', flexWrap: 'wrap', gap: '8px 12px', minHeight: '32px' },
  gap: { flexGrow: 1 },
  section: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: '16px',
    minWidth: 0,
    [NARROW]: { padding: '12px' },
  },
  sectionHead: { display: 'flex', alignItems: 'center', gap: '8px', marginBottom: '12px', minHeight: '24px' },
  sectionTitle: { margin: 0, fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold },
});

/** A page with its title; what can be done stands beside it. */
export function Page({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  const styles = useStyles();
  useEffect(() => {
    if (typeof title === 'string') document.title = `${title} – Switchroom`;
  }, [title]);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <Subtitle1 as="h1">{title}</Subtitle1>
        <span className={styles.gap} />
        {actions}
      </div>
      {children}
    </div>
  );
}

/** A part of a page. */
export function Section(props: { title?: ReactNode; actions?: ReactNode; children: ReactNode; className?: string; flush?: boolean }) {
  const styles = useStyles();
  return (
    <section className={mergeClasses(styles.section, props.className)}>
      {props.title && (
        <div className={styles.sectionHead}>
          <h2 className={styles.sectionTitle}>{props.title}</h2>
          <span className={styles.gap} />
          {props.actions}
        </div>
      )}
      {props.children}
    </section>
  );
}
