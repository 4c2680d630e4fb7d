import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { ShieldKeyhole20Regular } from '@fluentui/react-icons';
import type { NamedObject } from '@/shared/api/types';
import { useI18n } from '@/shared/i18n';
import { Bdi } from '@/shared/ui/Bdi';

interface Props {
  entries: readonly NamedObject[];
  goesOn: boolean;
  off: boolean;
  className: string;
  begin: (entry: string) => void;
  stop: () => void;
}

/** Lets the caller key secret digits that nobody here hears or sees. */
export function SecureMenu({ entries, goesOn, off, className, begin, stop }: Props) {
  const { t } = useI18n();
  if (goesOn) {
    return (
      <Button className={className} icon={<ShieldKeyhole20Regular />} onClick={stop}>
        {t('desk.stop-secure')}
      </Button>
    );
  }
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button className={className} icon={<ShieldKeyhole20Regular />} disabled={off}>
          {t('desk.secure')}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {entries.map((entry) => (
            <MenuItem key={entry.id} onClick={() => begin(entry.id)}>
              <Bdi>{entry.name || entry.id}</Bdi>
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
