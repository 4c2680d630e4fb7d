import { Badge, Button, makeStyles, tokens } from '@fluentui/react-components';
import { useAbilities } from '@/shared/api/abilities';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';
import { Note } from '@/shared/ui/Note';
import { Section } from '@/shared/ui/Page';
import { useCertificates, type Certificate, type Report } from './certificates';

const useStyles = makeStyles({
  say: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, lineHeight: tokens.lineHeightBase200 },
  part: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: '10px' },
  list: { margin: 0, padding: 0, listStyleType: 'none', width: '100%' },
  item: { padding: '10px 0', ':not(:first-child)': { borderTop: `1px solid ${tokens.colorNeutralStroke3}` } },
  head: { display: 'flex', flexWrap: 'wrap', gap: '4px 10px', alignItems: 'center', marginBottom: '4px', fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  facts: { display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', gap: '2px 16px', margin: 0, overflowWrap: 'anywhere' },
  name: { color: tokens.colorNeutralForeground2 },
  fact: { margin: 0 },
});

/** Our certificates, looked at when somebody asks for it. */
export function Certificates() {
  const { t } = useI18n();
  const styles = useStyles();
  const can = useAbilities();
  const look = useCertificates();
  if (!can('post', '/attestation')) return null;
  return (
    <Section title={t('system.certificates')}>
      <div className={styles.part}>
        <span className={styles.say}>{t('system.certificates-say')}</span>
        <Button disabled={look.isPending} onClick={() => look.mutate()}>
          {t('system.certificates-look')}
        </Button>
        <div role="status" className={styles.list}>
          {look.data && <Found report={look.data} />}
        </div>
      </div>
    </Section>
  );
}

function Found({ report }: { report: Report }) {
  const { t } = useI18n();
  const styles = useStyles();
  if (report.certificates.length === 0 && report.said.length === 0) return <span>{t('system.certificates-none')}</span>;
  return (
    <>
      {report.good !== null && (
        <Badge appearance="tint" color={report.good ? 'success' : 'danger'}>
          {t(report.good ? 'system.certificates-good' : 'system.certificates-bad')}
        </Badge>
      )}
      <ul className={styles.list} aria-label={t('system.certificates')}>
        {report.certificates.map((certificate, n) => (
          <CertificateItem key={n} certificate={certificate} above={n > 0 && report.certificates[n - 1]?.file === certificate.file} />
        ))}
      </ul>
      {report.said.length > 0 && (
        <Note intent="warning">
          <span lang="en">{report.said.join(' ')}</span>
        </Note>
      )}
    </>
  );
}

/** So many days before its end a certificate is worth a word. */
const SOON = 30;

function CertificateItem({ certificate, above }: { certificate: Certificate; above: boolean }) {
  const { t, locale } = useI18n();
  const styles = useStyles();
  const { days } = certificate;
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${certificate.until}T00:00:00Z`));
  const until = days < 0 ? t('system.certificate-over', { date }) : t('system.certificate-days', { date, count: days });
  const chain = [t(above ? 'system.chain-above' : 'system.chain-own'), ...(certificate.outside ? [t('system.chain-outside', { name: certificate.outside })] : []), t(certificate.usage)];
  const fact = (name: string, value: React.ReactNode) => (
    <>
      <dt className={styles.name}>{name}</dt>
      <dd className={styles.fact}>{value}</dd>
    </>
  );
  return (
    <li className={styles.item}>
      <div className={styles.head}>
        <Bdi>{certificate.subject}</Bdi>
        <Badge appearance="tint" color={days < 0 ? 'danger' : days < SOON ? 'warning' : 'success'}>
          {until}
        </Badge>
      </div>
      <dl className={styles.facts}>
        {fact(t('system.certificate-of'), certificate.file)}
        {certificate.names.length > 0 && fact(t('system.certificate-names'), <Bdi>{certificate.names.join(', ')}</Bdi>)}
        {fact(t('system.certificate-chain'), chain.join(' · '))}
      </dl>
    </li>
  );
}
