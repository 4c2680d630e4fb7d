import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useState, type ReactNode } from 'react';
import { useI18n } from '@/shared/i18n';

const useStyles = makeStyles({
  scroll: { overflowX: 'auto', position: 'relative', ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  table: { width: '100%', borderCollapse: 'collapse' },
  head: {
    textAlign: 'end',
    padding: '0 10px 6px',
    whiteSpace: 'nowrap',
    fontWeight: tokens.fontWeightRegular,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  sort: {
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    backgroundColor: 'transparent',
    border: 'none',
    padding: '4px 0',
    cursor: 'pointer',
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  first: { textAlign: 'start', paddingInlineStart: 0 },
  cell: { textAlign: 'end', padding: '6px 10px', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap', borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  name: { textAlign: 'start', padding: '6px 10px 6px 0', fontWeight: tokens.fontWeightRegular, borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  sum: { fontWeight: tokens.fontWeightSemibold },
});

export interface Column<R> {
  name: string;
  /** What the rows are put in order by. */
  by: (row: R) => string | number | null;
  show: (row: R) => ReactNode;
}

interface Props<R> {
  label: string;
  rows: readonly R[];
  id: (row: R) => string;
  columns: readonly [Column<R>, ...Column<R>[]];
  /** Cells of the last row. */
  sum?: readonly ReactNode[];
}

/** A table whose columns can be put in order. */
export function Table<R>({ label, rows, id, columns, sum }: Props<R>) {
  const { t } = useI18n();
  const styles = useStyles();
  const [order, setOrder] = useState({ column: 0, down: false });
  const by = (columns[order.column] ?? columns[0]).by;
  const sorted = [...rows].sort((a, b) => {
    const [x, y] = [by(a) ?? -1, by(b) ?? -1];
    const found = typeof x === 'string' && typeof y === 'string' ? x.localeCompare(y) : x < y ? -1 : x > y ? 1 : 0;
    return order.down ? -found : found;
  });
  return (
    <div className={styles.scroll} role="group" tabIndex={0} aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column, n) => (
              <th
                key={column.name}
                scope="col"
                className={mergeClasses(styles.head, n === 0 && styles.first)}
                aria-sort={order.column === n ? (order.down ? 'descending' : 'ascending') : undefined}
              >
                <button
                  type="button"
                  className={styles.sort}
                  title={t('reports.put-in-order')}
                  onClick={() => setOrder((was) => ({ column: n, down: was.column === n ? !was.down : n > 0 }))}
                >
                  {column.name}
                  {order.column === n && (order.down ? ' ↓' : ' ↑')}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={id(row)}>
              {columns.map((column, n) =>
                n === 0 ? (
                  <th key={column.name} scope="row" className={styles.name}>
                    {column.show(row)}
                  </th>
                ) : (
                  <td key={column.name} className={styles.cell}>
                    {column.show(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
        {sum && (
          <tfoot>
            <tr className={styles.sum}>
              {sum.map((cell, n) =>
                n === 0 ? (
                  <th key={n} scope="row" className={mergeClasses(styles.name, styles.sum)}>
                    {cell}
                  </th>
                ) : (
                  <td key={n} className={styles.cell}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
