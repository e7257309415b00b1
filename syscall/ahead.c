// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling the memory of tamalloc() ahead of its use
 *
 * A program that fills its memory from front to back pays a fault for each
 * page, and the fault costs more than the page. So a write fault in a mapping
 * of tamalloc() may bring the pages right behind it along, as one folio.
 *
 * The page tables are all the state there is. A fault at an address that is
 * aligned to 2^k pages takes 2^k pages if the program used all of the 2^k pages
 * before it: they are present, are not the zero page, and have their accessed
 * bit set. Blocks so double while they are used, and the first page that was
 * not used ends the run. A run of n pages commits fewer than 2n.
 *
 * A page that comes along has not been accessed, but most are mapped young, as
 * the processor pays dearly to set an accessed bit. Only a few are mapped old;
 * their bits tell the next fault whether the block was used.
 *
 * The bits are hints: aging clears them, and a swap-in that maps a whole folio
 * sets them. So a block may come too late, or one too many; never a wrong one.
 */

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kstrtox.h>
#include <linux/sizes.h>
#include <linux/kobject.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/sysfs.h>
#include <linux/userfaultfd_k.h>
#include "ahead.h"
#include "compat.h"

#define AHEAD_MAX_ORDER		8
#define AHEAD_DEFAULT_ORDER	4

/*
 * Of each 16 pages of a block, those that are mapped old, twice in 32 bits; the
 * last page of the block is, too. Each aligned 4 pages have one beside their
 * last, and no stride hits all four. The first page of a block, where the fault
 * is, is never one.
 */
#define AHEAD_OLD_PAGES	((u32)(BIT(2) | BIT(5) | BIT(10) | BIT(13)) * 0x10001)

/* The largest block, as an order; 0 switches filling ahead off. */
static unsigned int ahead_order __read_mostly = AHEAD_DEFAULT_ORDER;

/* In an anonymous mapping, a special entry is that of the zero page. */
static bool ahead_used(pte_t pte)
{
	return pte_present(pte) && pte_young(pte) && !pte_special(pte);
}

static bool ahead_allowed(struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_RAND_READ | VM_LOCKONFAULT)) &&
	       !userfaultfd_armed(vma) &&
	       !tamalloc_thp_disabled(vma->vm_mm) && hugepage_global_enabled();
}

/*
 * The order of the block that a write fault may bring, or 0: one page. Negative
 * if the page table went away and the fault has to be retried.
 */
static int ahead_find_order(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address;
	unsigned int max = READ_ONCE(ahead_order);
	unsigned int index = pte_index(addr);
	unsigned int used, none = 0;
	pte_t *pte;

	/* At index 0, the pages before are in another page table. */
	if (!max || !index)
		return 0;

	/*
	 * Without the page table lock: this is a hint. Who maps the block looks
	 * again, under the lock, whether it is still empty.
	 */
	pte = pte_offset_map(vmf->pmd, addr);
	if (!pte)
		return -EAGAIN;
	/* pte_offset_map() does not tell sparse that it enters RCU. */
	__acquire(RCU);

	/* Memory that is touched in no order mostly ends here. */
	if (!ahead_used(ptep_get_lockless(pte - 1)) || !ahead_allowed(vma))
		goto unmap;

	/* Of 2^k entries, so that no block crosses the end of the page table */
	max = min(max, __ffs(index));

	/* The number of pages: within the VMA before and behind the address */
	max = min3(1UL << max, (addr - vma->vm_start) >> PAGE_SHIFT,
		   (vma->vm_end - addr) >> PAGE_SHIFT);

	for (used = 1; used < max; used++)
		if (!ahead_used(ptep_get_lockless(pte - used - 1)))
			break;

	for (; none < used; none++)
		if (!pte_none(ptep_get_lockless(pte + none)))
			break;

unmap:
	pte_unmap(pte);

	return none < 1U << AHEAD_MIN_ORDER ? 0 : ilog2(none);
}

/**
 * __tamalloc_alloc_ahead - allocate a block of pages for a write fault
 * @vmf: the write fault, in a mapping that fills ahead; its page table exists
 *
 * Like alloc_anon_folio(), whose caller maps the folio. Neither reclaims nor
 * compacts; but since 7.3, the first block in a memory cgroup may reclaim, for
 * the head of a list.
 *
 * Return: a zeroed and charged folio of 4 pages or more that begins at the
 * address of the fault; NULL if the fault brings no pages along; or
 * ERR_PTR(-EAGAIN) if it has to be retried.
 */
struct folio *__tamalloc_alloc_ahead(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	gfp_t gfp = GFP_TRANSHUGE_LIGHT;
	struct folio *folio;
	int order;

	order = ahead_find_order(vmf);
	if (order < 0)
		return ERR_PTR(order);
	if (!order)
		return NULL;

	folio = tamalloc_alloc_folio(vmf, gfp, order);
	if (!folio)
		goto fallback;

	/* Before the pages are cleared, so that a refusal costs little */
	if (mem_cgroup_charge(folio, vma->vm_mm, gfp)) {
		count_mthp_stat(order, MTHP_STAT_ANON_FAULT_FALLBACK_CHARGE);
		folio_put(folio);
		goto fallback;
	}
	if (folio_memcg_alloc_deferred(folio)) {
		folio_put(folio);
		goto fallback;
	}

	folio_throttle_swaprate(folio, gfp);

	/* The page allocator has cleared them already? */
	if (!want_init_on_alloc(gfp))
		folio_zero_user(folio, vmf->address);

	return folio;

fallback:
	count_mthp_stat(order, MTHP_STAT_ANON_FAULT_FALLBACK);
	return NULL;
}

/**
 * tamalloc_set_ptes_ahead - map a block, some of its pages old
 * @vma: the mapping; the lock of the page table is held
 * @folio: the block
 * @addr: the address of its first page
 * @ptep: where the entry of that page goes
 * @pte: the entry of that page, young
 */
void tamalloc_set_ptes_ahead(struct vm_area_struct *vma, struct folio *folio,
			     unsigned long addr, pte_t *ptep, pte_t pte)
{
	unsigned int i, nr = folio_nr_pages(folio);
	unsigned int place = addr >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	for (i = 0; i < nr - 1; i++) {
		bool old = (AHEAD_OLD_PAGES >> (place + i) % 32) & 1;

		set_pte_at(mm, addr + i * PAGE_SIZE, ptep + i,
			   old ? pte_mkold(pte) : pte);
		pte = pte_next_pfn(pte);
	}
	set_pte_at(mm, addr + i * PAGE_SIZE, ptep + i, pte_mkold(pte));

	tamalloc_count_ahead(nr - 1);
}

#ifdef CONFIG_SYSFS
static ssize_t ahead_kb_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	unsigned int order = READ_ONCE(ahead_order);

	return sysfs_emit(buf, "%lu\n", order ? (PAGE_SIZE << order) / SZ_1K : 0);
}

static ssize_t ahead_kb_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	unsigned long kb, pages;

	/* A number that does not fit is as wrong as any other. */
	if (kstrtoul(buf, 10, &kb))
		return -EINVAL;

	pages = kb / (PAGE_SIZE / SZ_1K);
	if (kb && (!is_power_of_2(kb) || pages < 1UL << AHEAD_MIN_ORDER ||
		   pages > 1UL << AHEAD_MAX_ORDER))
		return -EINVAL;

	WRITE_ONCE(ahead_order, kb ? ilog2(pages) : 0);

	return count;
}

struct kobj_attribute tamalloc_ahead_kb_attr = __ATTR_RW(ahead_kb);
#endif /* CONFIG_SYSFS */
