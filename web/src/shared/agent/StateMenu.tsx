import {
  makeStyles,
  Menu,
  MenuButton,
  MenuDivider,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  tokens,
  type ButtonProps,
} from '@fluentui/react-components';
import { useI18n } from '@/shared/i18n';
import { useAgent } from '@/shared/live/store';
import { clean } from '@/shared/format/text';
import { Since } from '@/shared/ui/Since';
import { StateDot } from '@/shared/ui/StateDot';
import { stateText, useBreakReasons, useSetState } from './state';

const useStyles = makeStyles({
  button: { minWidth: 0, maxWidth: '100%', fontWeight: tokens.fontWeightSemibold },
  label: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalSNudge, minWidth: 0 },
  text: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  hidden: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
  since: { color: tokens.colorNeutralForeground2, fontWeight: tokens.fontWeightRegular },
});

/** The agent's own state, and the menu to ask for another. */
export function StateMenu({ agent, size = 'medium' }: { agent: string; size?: ButtonProps['size'] }) {
  const i18n = useI18n();
  const styles = useStyles();
  const view = useAgent(agent);
  const reasons = useBreakReasons();
  const set = useSetState(agent);
  const state = view?.state ?? 'offline';
  const text = view ? stateText(view, i18n) : i18n.t('words.state-offline');
  const next = view?.next ? i18n.t('app.after-call', { state: i18n.word('words', `state-${view.next}`) ?? view.next }) : null;
  return (
    <Menu positioning="below-end">
      <MenuTrigger disableButtonEnhancement>
        <MenuButton
          appearance="subtle"
          size={size ?? 'medium'}
          className={styles.button}
          title={next ?? undefined}
        >
          <span className={styles.label}>
            <StateDot state={state} />
            <span className={styles.hidden}>{i18n.t('app.your-state')}</span>
            <span className={styles.text}>{clean(text)}</span>
            {next && <span className={styles.hidden}>{next}</span>}
            <Since at={view?.since} className={styles.since} />
          </span>
        </MenuButton>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem icon={<StateDot state="available" />} onClick={() => set.mutate({ state: 'available' })}>
            {i18n.t('words.state-available')}
          </MenuItem>
          <MenuItem icon={<StateDot state="break" />} onClick={() => set.mutate({ state: 'break' })}>
            {i18n.t('words.state-break')}
          </MenuItem>
          {reasons.map((reason) => (
            <MenuItem key={reason} icon={<StateDot state="break" />} onClick={() => set.mutate({ state: 'break', reason })}>
              {i18n.t('app.break-reason', { reason })}
            </MenuItem>
          ))}
          <MenuDivider />
          <MenuItem icon={<StateDot state="offline" />} onClick={() => set.mutate({ state: 'offline' })}>
            {i18n.t('words.state-offline')}
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
