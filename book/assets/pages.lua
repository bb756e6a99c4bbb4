-- What a page of the site needs beside Quarto's own: no dead link, and a heading above its references.
local name_of = "([%w_-]+%.qmd)"
if not quarto.doc.is_format("html:js") then return {} end

return {
  Pandoc = function(page)
    local chapters, cites = {}, false
    for _, item in ipairs(page.meta.book.render) do
      local file = item.file and pandoc.utils.stringify(item.file) or ""
      chapters[file:match(name_of) or ""] = true
    end
    page = page:walk({
      Link = function(link)
        local name = link.target:match("^[%w_./-]-" .. name_of)
        if name and not chapters[name] then -- the instructor has left it out of _quarto.yml
          local words = pandoc.utils.stringify(link)
          quarto.log.warning(name .. " is no chapter of this book: '" .. words .. "' is no link.")
          return link.content
        end
      end,
      Cite = function(cite)
        local reference = cite.citations[1].id:match("^%a+%-") -- such as @fig-01-idea
        cites = cites or not reference
      end,
    })
    -- Quarto puts the works that a page cites below its last section, without a heading.
    if cites then
      page.blocks:insert(pandoc.Header(2, "References", { id = "references", class = "unnumbered" }))
      page.blocks:insert(pandoc.Div({}, { id = "refs" }))
    end
    return page
  end,
}
